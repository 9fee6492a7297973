import { expect, test } from 'vitest'
import { lineDiff } from './line-diff'

const shown = (before: string, after: string) => lineDiff(before, after).map(({ mark, text }) => mark + text)

test('lines that came and went are marked, the others stay', () => {
  expect(shown('a\nb\nc\n', 'a\nx\nc\nd\n')).toEqual([' a', '-b', '+x', ' c', '+d'])
  expect(shown('', 'a\nb\n')).toEqual(['+a', '+b'])
  expect(shown('a\n', '')).toEqual(['-a'])
  expect(shown('a\nb\n', 'a\nb\n')).toEqual([' a', ' b'])
})

test('a line that moved is one that went and one that came', () => {
  expect(shown('a\nb\n', 'b\na\n')).toEqual(['-a', ' b', '+a'])
})
