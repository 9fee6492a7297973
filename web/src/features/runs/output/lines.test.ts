import { expect, test } from 'vitest'
import { OutputLines, rowLengthMax } from './lines'
import { spanCountMax } from './spans'

const bytes = (text: string) => new TextEncoder().encode(text)
const texts = (lines: OutputLines) =>
  lines.rows.map((row) => `${row.stream === 'error' ? '!' : ''}${row.text}`)
const spansOf = (lines: OutputLines) =>
  lines.rows.map((row) => [
    row.text,
    ...row.spans.map(({ start, end, style }) => `${start}-${end} ${style.ink}`),
  ])

test('lines are cut at their ends, and the last one stays open', () => {
  const lines = new OutputLines()
  lines.append(0, 'output', bytes('one\ntwo\nthr'))
  lines.append(0, 'output', bytes('ee\n\nfive'))
  expect(texts(lines)).toEqual(['one', 'two', 'three', '', 'five'])
})

test('a line that arrives in pieces stays one line, whatever the other stream prints', () => {
  const lines = new OutputLines()
  lines.append(0, 'output', bytes('begin'))
  lines.append(0, 'error', bytes('trouble\n'))
  lines.append(0, 'output', bytes(' end\n'))
  expect(texts(lines)).toEqual(['begin end', '!trouble'])
})

test('a character cut in two by the pieces is read whole', () => {
  const lines = new OutputLines()
  const [first, second] = [bytes('ü').slice(0, 1), bytes('ü').slice(1)]
  lines.append(0, 'output', first)
  lines.append(0, 'error', bytes('x'))
  lines.append(0, 'output', second)
  expect(texts(lines)).toEqual(['!x', 'ü'])
})

test('actions do not share a line', () => {
  const lines = new OutputLines()
  lines.append(0, 'output', bytes('no end'))
  lines.append(1, 'output', bytes('next action\n'))
  expect(lines.rows.map((row) => row.action)).toEqual([0, 1])
})

test('a line too long for a row goes on in the next and is copied as one', () => {
  const lines = new OutputLines()
  const long = 'x'.repeat(rowLengthMax * 2 + 5)
  lines.append(0, 'output', bytes(`${long}\nafter\n`))
  expect(lines.rows.map((row) => row.text.length)).toEqual([rowLengthMax, rowLengthMax, 5, 5])
  expect(lines.toText()).toBe(`${long}\nafter\n`)
})

test('a row knows which of its stretches are styled, also where they arrive in pieces', () => {
  const lines = new OutputLines()
  lines.append(0, 'output', bytes('a \u001b[31mre'))
  lines.append(0, 'error', bytes('plain\n'))
  lines.append(0, 'output', bytes('d\nstill\u001b[0m not\n'))
  expect(spansOf(lines)).toEqual([['a red', '2-5 red'], ['plain'], ['still not', '0-5 red']])
})

test('styled text is copied without its sequences', () => {
  const lines = new OutputLines()
  lines.append(0, 'output', bytes('\u001b[1;31mred\u001b[0m plain\n'))
  expect(lines.toText()).toBe('red plain\n')
})

test('a style at each character does not make a row of a thousand elements', () => {
  const lines = new OutputLines()
  const colourful = Array.from({ length: rowLengthMax }, (_, index) => `\u001b[3${index % 7}mx`).join('')
  lines.append(0, 'output', bytes(`${colourful}\n`))
  expect(lines.rows.map((row) => row.text.length)).toEqual([rowLengthMax])
  expect(lines.rows[0]?.spans.length).toBe(spanCountMax)
})

test('neighbours that look the same are one', () => {
  const lines = new OutputLines()
  lines.append(0, 'output', bytes('\u001b[31mone\u001b[1;22;31m two\u001b[0m\u001b[0;31m three\n'))
  expect(spansOf(lines)).toEqual([['one two three', '0-13 red']])
})

test('the raw bytes come back as they were sent, in the order of the actions', () => {
  const lines = new OutputLines()
  lines.append(10, 'output', bytes('b'))
  lines.append(2, 'output', new Uint8Array([0xff, 0x1b]))
  lines.append(2, 'error', bytes('not this'))
  expect(lines.bytesOf('output').map((part) => [...part])).toEqual([[0xff, 0x1b], [98]])
})

test('only what is shown is copied', () => {
  const lines = new OutputLines()
  lines.append(0, 'output', bytes('good\n'))
  lines.append(0, 'error', bytes('bad\n'))
  expect(lines.toText((row) => row.stream === 'error')).toBe('bad\n')
})
