import { expect, test } from 'vitest'
import type { OutputLine } from './lines'
import { OutputLines, rowLengthMax } from './lines'
import { markCountMax, partsOf, type RowMatches } from './parts'

const rowOf = (text: string) => {
  const lines = new OutputLines()
  lines.append(0, 'output', new TextEncoder().encode(text))
  return lines.rows[0] as OutputLine
}
const drawn = (text: string, matches: RowMatches | null = null) =>
  partsOf(rowOf(text), matches).map(({ match, pieces }) => [
    match,
    ...pieces.map(({ text, style }) => (style.ink ? `${text}:${style.ink}` : text)),
  ])

test('a plain row is one piece', () => {
  expect(drawn('plain')).toEqual([['none', 'plain']])
})

test('styled text stands between plain text', () => {
  expect(drawn('a \u001b[31mred\u001b[32mgreen\u001b[0m b')).toEqual([
    ['none', 'a ', 'red:red', 'green:green', ' b'],
  ])
})

test('a match is one part, whatever styles are in it', () => {
  const matches = { starts: [2, 9], length: 5, current: 9 }
  expect(drawn('a wo\u001b[31mrds, wo\u001b[0mrds', matches)).toEqual([
    ['none', 'a '],
    ['other', 'wo', 'rds:red'],
    ['none', ', :red'],
    ['current', 'wo:red', 'rds'],
  ])
})

test('a match may be the whole row', () => {
  expect(drawn('all', { starts: [0], length: 3, current: null })).toEqual([['other', 'all']])
})

test('of very many matches in a row only the first are marked, and the current one', () => {
  const text = 'x'.repeat(rowLengthMax)
  const starts = Array.from(text, (_, index) => index)
  const parts = partsOf(rowOf(text), { starts, length: 1, current: 1_500 })
  expect(parts.filter((part) => part.match === 'other')).toHaveLength(markCountMax)
  expect(parts.filter((part) => part.match === 'current')).toHaveLength(1)
  expect(parts.flatMap((part) => part.pieces.map((piece) => piece.text)).join('')).toBe(text)
})
