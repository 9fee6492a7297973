import { plainStyle, styleAfter, type TextStyle } from './style'

/** Text that can be shown, and how it looks. */
export interface StyledText {
  text: string
  style: TextStyle
}

/**
 * Makes what a program printed harmless to show. Escape sequences that style the text (colours, bold) do so, all others
 * (cursor moves, window titles, links) go. Sequences that are broken or too long and other control characters become
 * visible signs, and nothing that was printed can hide what came before it.
 *
 * Keeps its place between calls, for a sequence may be cut in two by the pieces that the output arrives in.
 */
export function harmlessText(): (text: string) => StyledText[] {
  let reading = inText
  let style = plainStyle

  return (text) => {
    const pieces: StyledText[] = []
    let shown = ''
    for (const character of text) {
      const step = read(reading, character)
      reading = step.reading
      shown += step.shown
      if (step.styling === undefined) continue
      if (shown !== '') pieces.push({ text: shown, style })
      shown = ''
      style = styleAfter(style, step.styling)
    }
    if (shown !== '') pieces.push({ text: shown, style })
    return pieces
  }
}

/**
 * `return`: after a carriage return. `escape`: after ESC. `intermediate`: ESC with intermediate bytes, such as a choice
 * of character set. `control`: ESC [ with its parameters. `string`: a command with a text (OSC, DCS, PM, APC, SOS) up to
 * its end. `stringEscape`: ESC in such a text, which a backslash ends.
 */
type State = 'text' | 'return' | 'escape' | 'intermediate' | 'control' | 'string' | 'stringEscape'

interface Reading {
  state: State
  /** The sequence so far. */
  held: string
}

interface Step {
  reading: Reading
  shown: string
  /** The parameters of a sequence that styles the text after it. */
  styling?: string
}

/** A sequence longer than this is no sequence: it is shown, so that nothing can hold back or swallow the rest. */
export const sequenceLengthMax = 64

const ESC = '\u001b'
const BEL = '\u0007'

const inText: Reading = { state: 'text', held: '' }
const sequenceEnd: Step = { reading: inText, shown: '' }

function read(reading: Reading, character: string): Step {
  const { state, held } = reading
  if (held.length >= sequenceLengthMax) return readBroken(held, character)
  switch (state) {
    case 'text':
      return readText(character)
    case 'return':
      return readAfterReturn(character)
    case 'escape':
      return readEscape(held, character)
    case 'intermediate':
      if (isBetween(character, 0x20, 0x2f)) return hold(state, held + character)
      return isBetween(character, 0x30, 0x7e) ? sequenceEnd : readBroken(held, character)
    case 'control':
      if (isBetween(character, 0x20, 0x3f)) return hold(state, held + character)
      return isBetween(character, 0x40, 0x7e) ? readControlEnd(held, character) : readBroken(held, character)
    case 'string':
      return readString(held, character)
    case 'stringEscape':
      return character === '\\' ? sequenceEnd : readBroken(held.slice(0, -1), ESC, character)
  }
}

function hold(state: State, held: string): Step {
  return { reading: { state, held }, shown: '' }
}

function readText(character: string): Step {
  if (character === ESC) return hold('escape', character)
  if (character === '\r') return hold('return', '')
  if (character === '\u009b') return hold('control', character)
  if (character === '\u009d' || character === '\u0090') return hold('string', character)
  return { reading: inText, shown: visible(character) }
}

/** What was held is no sequence. It is shown, and what came after it is read anew. */
function readBroken(held: string, ...after: string[]): Step {
  let step: Step = { reading: inText, shown: Array.from(held, visible).join('') }
  for (const character of after) {
    const { reading, shown, styling } = read(step.reading, character)
    step = { reading, shown: step.shown + shown, styling }
  }
  return step
}

/** CR LF is one line's end. A lone CR begins a new line instead of writing over the old one. */
function readAfterReturn(character: string): Step {
  if (character === '\n') return { reading: inText, shown: '\n' }
  if (character === '\r') return hold('return', '')
  const step = readText(character)
  return { ...step, shown: `\n${step.shown}` }
}

function readEscape(held: string, character: string): Step {
  if (character === '[') return hold('control', held + character)
  if (']PX^_'.includes(character)) return hold('string', held + character)
  if (isBetween(character, 0x20, 0x2f)) return hold('intermediate', held + character)
  if (isBetween(character, 0x30, 0x7e)) return sequenceEnd
  return readBroken(held, character)
}

/** Of the sequences ESC [ … only those that end in `m`, with nothing but numbers, style the text. */
function readControlEnd(held: string, character: string): Step {
  const styling = character === 'm' ? /^\u001b\[([\d;]*)$/.exec(held)?.[1] : undefined
  return { ...sequenceEnd, styling }
}

function readString(held: string, character: string): Step {
  if (character === BEL || character === '\u009c') return sequenceEnd
  if (character === ESC) return hold('stringEscape', held + character)
  // A line's end inside means that the end of the command was lost.
  if (character === '\n' || character === '\r') return readBroken(held, character)
  return hold('string', held + character)
}

function visible(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (character === '\n' || character === '\t') return character
  if (code < 0x20) return String.fromCodePoint(0x2400 + code)
  if (code === 0x7f) return '\u2421'
  if (code >= 0x80 && code <= 0x9f) return '\ufffd'
  if (turnsText(code)) return `\u2039U+${code.toString(16).toUpperCase()}\u203a`
  return character
}

/** Characters that change the direction of the text around them, or cannot be seen at all. */
function turnsText(code: number): boolean {
  if (code >= 0x202a && code <= 0x202e) return true
  if (code >= 0x2066 && code <= 0x2069) return true
  return code === 0x200e || code === 0x200f || code === 0x2028 || code === 0x2029
}

function isBetween(character: string, low: number, high: number): boolean {
  const code = character.codePointAt(0) ?? 0
  return code >= low && code <= high
}
