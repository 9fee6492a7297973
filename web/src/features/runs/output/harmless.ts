/**
 * Makes what a program printed harmless to show: escape sequences (colours, cursor moves, window titles, links) go,
 * other control characters become visible signs, and nothing that was printed can hide what came before it.
 *
 * Keeps its place between calls, for a sequence may be cut in two by the pieces that the output arrives in.
 */
export function harmlessText(): (text: string) => string {
  let state: State = 'text'
  let sequenceLength = 0

  return (text) => {
    let shown = ''
    for (const character of text) {
      const step = read(state, character, sequenceLength)
      sequenceLength = step.state === 'text' ? 0 : sequenceLength + 1
      state = step.state
      shown += step.shown
    }
    return shown
  }
}

/**
 * `return`: after a carriage return. `escape`: after ESC. `intermediate`: ESC with intermediate bytes, such as a choice
 * of character set. `control`: ESC [ with its parameters. `string`: a command with a text (OSC, DCS, PM, APC, SOS) up to
 * its end. `stringEscape`: ESC in such a text, which a backslash ends.
 */
type State = 'text' | 'return' | 'escape' | 'intermediate' | 'control' | 'string' | 'stringEscape'

interface Step {
  state: State
  shown: string
}

/** A sequence longer than this is no sequence; what follows is shown, so that nothing can swallow the rest. */
const sequenceLengthMax = 2_000

const ESC = '\u001b'
const BEL = '\u0007'

function read(state: State, character: string, sequenceLength: number): Step {
  if (sequenceLength > sequenceLengthMax) return readText(character)
  switch (state) {
    case 'text':
      return readText(character)
    case 'return':
      return readAfterReturn(character)
    case 'escape':
      return readEscape(character)
    case 'intermediate':
      if (isBetween(character, 0x20, 0x2f)) return { state, shown: '' }
      return isBetween(character, 0x30, 0x7e) ? done : readText(character)
    case 'control':
      if (isBetween(character, 0x20, 0x3f)) return { state, shown: '' }
      return isBetween(character, 0x40, 0x7e) ? done : readText(character)
    case 'string':
      return readString(character)
    case 'stringEscape':
      return character === '\\' ? done : readEscape(character)
  }
}

const done: Step = { state: 'text', shown: '' }

function readText(character: string): Step {
  if (character === ESC) return { state: 'escape', shown: '' }
  if (character === '\r') return { state: 'return', shown: '' }
  if (character === '\u009b') return { state: 'control', shown: '' }
  if (character === '\u009d' || character === '\u0090') return { state: 'string', shown: '' }
  return { state: 'text', shown: visible(character) }
}

/** CR LF is one line's end. A lone CR begins a new line instead of writing over the old one. */
function readAfterReturn(character: string): Step {
  if (character === '\n') return { state: 'text', shown: '\n' }
  if (character === '\r') return { state: 'return', shown: '' }
  const step = readText(character)
  return { state: step.state, shown: `\n${step.shown}` }
}

function readEscape(character: string): Step {
  if (character === '[') return { state: 'control', shown: '' }
  if (']PX^_'.includes(character)) return { state: 'string', shown: '' }
  if (isBetween(character, 0x20, 0x2f)) return { state: 'intermediate', shown: '' }
  if (isBetween(character, 0x30, 0x7e)) return done
  return readText(character)
}

function readString(character: string): Step {
  if (character === BEL || character === '\u009c') return done
  if (character === ESC) return { state: 'stringEscape', shown: '' }
  // A line's end inside means that the end of the command was lost.
  if (character === '\n' || character === '\r') return readText(character)
  return { state: 'string', shown: '' }
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
