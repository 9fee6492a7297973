/** The sixteen colours that programs name, as the viewer draws them: readable, in light and dark. */
export const colours = [
  'black',
  'red',
  'green',
  'yellow',
  'blue',
  'magenta',
  'cyan',
  'white',
  'brightBlack',
  'brightRed',
  'brightGreen',
  'brightYellow',
  'brightBlue',
  'brightMagenta',
  'brightCyan',
  'brightWhite',
] as const

export type Colour = (typeof colours)[number]

/** How text looks. `null` is the viewer's own colour. */
export interface TextStyle {
  ink: Colour | null
  paper: Colour | null
  bold: boolean
  faint: boolean
  italic: boolean
  underline: boolean
  inverse: boolean
  strike: boolean
}

export const plainStyle: TextStyle = {
  ink: null,
  paper: null,
  bold: false,
  faint: false,
  italic: false,
  underline: false,
  inverse: false,
  strike: false,
}

export function sameStyle(one: TextStyle, other: TextStyle): boolean {
  return (
    one.ink === other.ink &&
    one.paper === other.paper &&
    one.bold === other.bold &&
    one.faint === other.faint &&
    one.italic === other.italic &&
    one.underline === other.underline &&
    one.inverse === other.inverse &&
    one.strike === other.strike
  )
}

/**
 * The style after the parameters of ESC [ … m, which are numbers with semicolons between. Only those listed here have an
 * effect: above all nothing hides text (8) or lets it blink (5, 6).
 */
export function styleAfter(style: TextStyle, parameters: string): TextStyle {
  const numbers = parameters.split(';').map(Number)
  let next = style
  for (let index = 0; index < numbers.length; index += 1) {
    const number = numbers[index] as number
    if (number === 38 || number === 48) {
      const { colour, length } = readColour(numbers.slice(index + 1))
      if (length === 0) break
      if (colour) next = { ...next, [number === 38 ? 'ink' : 'paper']: colour }
      index += length
    } else {
      next = { ...next, ...changeBy(number) }
    }
  }
  return sameStyle(next, plainStyle) ? plainStyle : next
}

function changeBy(number: number): Partial<TextStyle> {
  if (number >= 30 && number <= 37) return { ink: colours[number - 30] }
  if (number >= 40 && number <= 47) return { paper: colours[number - 40] }
  if (number >= 90 && number <= 97) return { ink: colours[number - 90 + 8] }
  if (number >= 100 && number <= 107) return { paper: colours[number - 100 + 8] }
  return changes[number] ?? {}
}

const changes: Record<number, Partial<TextStyle>> = {
  0: plainStyle,
  1: { bold: true },
  2: { faint: true },
  3: { italic: true },
  4: { underline: true },
  7: { inverse: true },
  9: { strike: true },
  22: { bold: false, faint: false },
  23: { italic: false },
  24: { underline: false },
  27: { inverse: false },
  29: { strike: false },
  39: { ink: null },
  49: { paper: null },
}

/** What follows 38 or 48: `5;n` or `2;r;g;b`. `length` numbers belong to it; none where it is neither. */
function readColour([kind, ...values]: number[]): { colour: Colour | undefined; length: number } {
  if (kind === 5 && values.length >= 1) return { colour: colourOfPalette(values[0] as number), length: 2 }
  if (kind === 2 && values.length >= 3) return { colour: nearestColour(values.slice(0, 3)), length: 4 }
  return { colour: undefined, length: 0 }
}

/** The palette of 256: the sixteen, a cube of 6 by 6 by 6, and 24 greys. */
function colourOfPalette(number: number): Colour | undefined {
  if (number < 16) return colours[number]
  if (number > 255) return undefined
  if (number >= 232) return nearestColour(Array(3).fill(8 + 10 * (number - 232)))
  const inCube = number - 16
  return nearestColour([Math.floor(inCube / 36), Math.floor(inCube / 6) % 6, inCube % 6].map(cubeLevel))
}

function cubeLevel(step: number): number {
  return step === 0 ? 0 : 55 + 40 * step
}

/** Any colour becomes the nearest of the sixteen, for those can be read on the viewer's ground and any colour cannot. */
function nearestColour(rgb: number[]): Colour | undefined {
  if (rgb.some((part) => part > 255)) return undefined
  const distances = xterm.map((known) => distance(known, rgb))
  return colours[distances.indexOf(Math.min(...distances))]
}

function distance(one: readonly number[], other: readonly number[]): number {
  return one.reduce((sum, part, index) => sum + (part - (other[index] ?? 0)) ** 2, 0)
}

/** What xterm shows for the sixteen, in their order. */
const xterm = [
  [0, 0, 0],
  [205, 0, 0],
  [0, 205, 0],
  [205, 205, 0],
  [0, 0, 238],
  [205, 0, 205],
  [0, 205, 205],
  [229, 229, 229],
  [127, 127, 127],
  [255, 0, 0],
  [0, 255, 0],
  [255, 255, 0],
  [92, 92, 255],
  [255, 0, 255],
  [0, 255, 255],
  [255, 255, 255],
] as const
