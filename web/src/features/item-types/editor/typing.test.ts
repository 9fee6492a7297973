import { expect, test } from 'vitest'
import { placeIn, typedEnter } from './typing'

test('a place has a line and a column', () => {
  expect(placeIn('ab\ncde', 5)).toEqual({ line: 1, column: 2 })
  expect(placeIn('', 0)).toEqual({ line: 0, column: 0 })
})

test('the next line begins below this one, and further in where something opens', () => {
  expect(typedEnter('  name: x', 9)).toBe('\n  ')
  expect(typedEnter('states:', 7)).toBe('\n  ')
  expect(typedEnter('  text: |', 9)).toBe('\n    ')
  expect(typedEnter('', 0)).toBe('\n')
})
