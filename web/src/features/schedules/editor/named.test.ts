import { expect, test } from 'vitest'
import { idsOf, unknownIn, wordsOf } from './named'

const known = [
  { id: 'dev_1', name: 'web-1' },
  { id: 'dev_2', name: 'web-2' },
  { id: 'dev_3', name: 'web-3' },
]

test('what is named by id or by name is found, each once', () => {
  expect(idsOf(['web-2', 'dev_1', 'dev_2'], known)).toEqual(['dev_1', 'dev_2'])
})

test('what is chosen is written by name, and what was written by id stays so', () => {
  expect(wordsOf(['dev_1', 'dev_3'], ['dev_1'], known)).toEqual(['dev_1', 'web-3'])
  expect(wordsOf(['dev_3'], ['dev_1', 'web-3'], known)).toEqual(['web-3'])
})

test('what is not known is not lost by choosing something else', () => {
  expect(wordsOf(['dev_2'], ['gone', 'web-1'], known)).toEqual(['gone', 'web-2'])
  expect(unknownIn(['gone', 'web-1', 'dev_2'], known)).toEqual(['gone'])
})
