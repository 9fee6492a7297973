import { expect, test } from 'vitest'
import { harmlessText, sequenceLengthMax } from './harmless'
import { plainStyle } from './style'

const styled = (...pieces: string[]) => pieces.flatMap(harmlessText())
const shown = (...pieces: string[]) => textOf(styled(...pieces))
const textOf = (pieces: { text: string }[]) => pieces.map((piece) => piece.text).join('')
/** Each piece with what is not plain about it. */
const looks = (...pieces: string[]) =>
  styled(...pieces).map(({ text, style }) => [
    text,
    ...Object.entries(style).flatMap(([name, value]) => (value ? [value === true ? name : value] : [])),
  ])

test('plain text, tabs, accents and emoji stay as they are', () => {
  expect(shown('über\t🙂\nnext')).toBe('über\t🙂\nnext')
})

test('colours style the text after them', () => {
  expect(looks('a\u001b[1;31mred\u001b[0m\nplain')).toEqual([['a'], ['red', 'red', 'bold'], ['\nplain']])
})

test('a style goes on over lines and pieces until it is taken back', () => {
  expect(looks('\u001b[32mone\ntwo', 'three', '\u001b[mfour')).toEqual([
    ['one\ntwo', 'green'],
    ['three', 'green'],
    ['four'],
  ])
})

test('a colour cut in two anywhere is still one', () => {
  const sequence = '\u001b[38;5;12mx'
  for (let cut = 1; cut < sequence.length - 1; cut += 1)
    expect(looks(sequence.slice(0, cut), sequence.slice(cut))).toEqual([['x', 'brightBlue']])
})

test('only ESC [ with numbers styles: no private marks, sub-parameters or C1 controls', () => {
  for (const sequence of [
    '\u001b[?31m',
    '\u001b[>4;1m',
    '\u001b[4:3m',
    '\u001b[31 m',
    '\u009b31m',
    '\u001b[31n',
  ])
    expect(styled(`${sequence}x`)).toEqual([{ text: 'x', style: plainStyle }])
})

test('text cannot be hidden or made to blink', () => {
  expect(styled('\u001b[8;5mx')).toEqual([{ text: 'x', style: plainStyle }])
})

test('cursor moves, device queries and clearing the screen go', () => {
  expect(shown('a\u001b[2J\u001b[10;10Hhere\u001b[?25l\u001b[6n\u001b[1A\u001b[2K')).toBe('ahere')
})

test('window titles, links and device commands go with their text', () => {
  expect(shown('\u001b]0;owned\u0007a')).toBe('a')
  expect(shown('\u001b]8;;https://evil.example\u001b\\click\u001b]8;;\u001b\\')).toBe('click')
  expect(shown('\u001bPq#0;1\u001b\\b\u001b_x\u001b\\c')).toBe('bc')
  expect(shown('\u001b(Bd\u001b=e\u001bcf')).toBe('def')
})

test('a sequence cut in two by the line is still one', () => {
  expect(shown('a\u001b', '[3', '1mb', '\u001b]0;ti', 'tle\u001b', '\\c')).toBe('abc')
})

test('a command without an end is shown, and cannot swallow the lines after it', () => {
  expect(shown('a\u001b]0;never ends\nb')).toBe('a␛]0;never ends\nb')
  expect(shown(`\u001b]${'x'.repeat(5_000)}`)).toBe(`␛]${'x'.repeat(5_000)}`)
})

test('no more than a short sequence is ever held back', () => {
  for (const begin of ['\u001b[', '\u001b]', '\u001bP', '\u001b ', '\u009b', '\u009d'])
    for (const inside of ['1', ';', ' ']) {
      const printed = begin + inside.repeat(200)
      expect(printed.length - shown(printed).length).toBeLessThanOrEqual(sequenceLengthMax)
    }
})

test('a colour with more parameters than a sequence may have is shown', () => {
  const parameters = '1;'.repeat(40)
  expect(looks(`\u001b[${parameters}31mx`)).toEqual([[`␛[${parameters}31mx`]])
})

test('a broken sequence is shown, with what follows it', () => {
  expect(shown('\u001b[31\nx')).toBe('␛[31\nx')
  expect(looks('\u001b\u001b[31mx')).toEqual([['␛'], ['x', 'red']])
  expect(looks('\u001b]0;title\u001b[31mx')).toEqual([['␛]0;title'], ['x', 'red']])
  expect(shown('\u001b]0;\u202eb\nx')).toBe('␛]0;‹U+202E›b\nx')
})

test('a carriage return cannot write over what was printed', () => {
  expect(shown('rm -rf /\rharmless')).toBe('rm -rf /\nharmless')
  expect(shown('10%\r20%\r100%\n')).toBe('10%\n20%\n100%\n')
})

test('CR LF is one line end, also cut in two', () => {
  expect(shown('a\r\nb\r', '\nc')).toBe('a\nb\nc')
  expect(shown('a\r\r\nb')).toBe('a\nb')
})

test('other control characters become signs', () => {
  expect(shown('a\u0000b\u0008c\u0007d\u007fe\u0085f')).toBe('a␀b␈c␇d␡e\ufffdf')
})

test('characters that turn the text around are named', () => {
  expect(shown('a\u202eb\u2066c')).toBe('a‹U+202E›b‹U+2066›c')
})

test('markup stays text', () => {
  expect(shown('<img src=x onerror=alert(1)>')).toBe('<img src=x onerror=alert(1)>')
})
