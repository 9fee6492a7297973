import { expect, test } from 'vitest'
import { foldedDiff, lineDiff, linesOf } from './line-diff'

const diffOf = (before: string, after: string) => lineDiff(linesOf(before), linesOf(after))
const shown = (before: string, after: string) => diffOf(before, after).map(({ mark, text }) => mark + text)
const folded = (before: string, after: string, contextCount: number) =>
  foldedDiff(diffOf(before, after), contextCount).map((line) =>
    line.mark === '…' ? `…${line.count}` : line.mark + line.text,
  )

test('lines that came and went are marked, the others stay', () => {
  expect(shown('a\nb\nc\n', 'a\nx\nc\nd\n')).toEqual([' a', '-b', '+x', ' c', '+d'])
  expect(shown('', 'a\nb\n')).toEqual(['+a', '+b'])
  expect(shown('a\n', '')).toEqual(['-a'])
  expect(shown('a\nb\n', 'a\nb\n')).toEqual([' a', ' b'])
})

test('a line that moved is one that went and one that came', () => {
  expect(shown('a\nb\n', 'b\na\n')).toEqual(['-a', ' b', '+a'])
})

test('a repeated line at the end is not counted twice', () => {
  expect(shown('a\na\n', 'a\na\na\n')).toEqual([' a', ' a', '+a'])
  expect(shown('a\nb\na\n', 'a\n')).toEqual([' a', '-b', '-a'])
})

test('lines far from a change become a gap', () => {
  expect(folded('1\n2\n3\n4\n5\n', '1\n2\n3\n4\nx\n', 1)).toEqual(['…3', ' 4', '-5', '+x'])
  expect(folded('1\n2\n3\n', '1\n2\n3\n', 1)).toEqual(['…3'])
})

test('a gap is never of one line', () => {
  expect(folded('1\n2\n3\n', '1\n2\nx\n', 1)).toEqual([' 1', ' 2', '-3', '+x'])
  expect(folded('x\n1\n2\n3\ny\n', '1\n2\n3\n', 1)).toEqual(['-x', ' 1', ' 2', ' 3', '-y'])
})

test('a diff of a few thousand lines is quick', () => {
  const lines = (word: string) => Array.from({ length: 2_000 }, (_, index) => `${word} ${index}`)
  expect(lineDiff(lines('old'), lines('new'))).toHaveLength(4_000)
})
