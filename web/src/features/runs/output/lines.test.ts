import { expect, test } from 'vitest'
import { OutputLines, rowLengthMax } from './lines'

const bytes = (text: string) => new TextEncoder().encode(text)
const texts = (lines: OutputLines) =>
  lines.rows.map((row) => `${row.stream === 'error' ? '!' : ''}${row.text}`)

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
