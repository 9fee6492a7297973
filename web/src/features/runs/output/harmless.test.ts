import { expect, test } from 'vitest'
import { harmlessText } from './harmless'

const shown = (...pieces: string[]) => {
  const read = harmlessText()
  return pieces.map(read).join('')
}

test('plain text, tabs, accents and emoji stay as they are', () => {
  expect(shown('über\t🙂\nnext')).toBe('über\t🙂\nnext')
})

test('colours, cursor moves and clearing the screen go', () => {
  expect(shown('\u001b[1;31mred\u001b[0m \u001b[2J\u001b[10;10Hhere\u001b[?25l')).toBe('red here')
  expect(shown('\u009b31mred')).toBe('red')
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

test('a command without an end cannot swallow the lines after it', () => {
  expect(shown('a\u001b]0;never ends\nb')).toBe('a\nb')
  expect(shown(`\u001b]${'x'.repeat(5_000)}`).length).toBeGreaterThan(2_900)
})

test('a broken sequence shows what follows it', () => {
  expect(shown('\u001b[31\nx')).toBe('\nx')
  expect(shown('\u001b\u001b[31mx')).toBe('x')
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
