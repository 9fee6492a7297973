import { expect, test } from 'vitest'
import type { Item } from '../../../lib/api/types'
import { sheetCommands } from './use-sheet-commands'

const choices = [
  { name: 'approve', label: 'Refund €240' },
  { name: 'refuse', label: 'Refuse' },
]
const item = { is_open: true, sheet: { choices, why_not: null } } as unknown as Item
const offered = (of: Item, mayComment = true) =>
  sheetCommands(of, { mayComment, choose: () => undefined, comment: { current: null } }).map(
    ({ key, label }) => `${key} ${label}`,
  )

test('each way to resolve an item has its number', () => {
  expect(offered(item)).toEqual(['1 Refund €240', '2 Refuse', 'c Write a comment'])
})

test('nobody is offered what they may not do', () => {
  const shut = { ...item, sheet: { choices, why_not: { code: 'role', detail: 'You only look.' } } }
  expect(offered(shut as unknown as Item)).toEqual(['c Write a comment'])
  expect(offered(shut as unknown as Item, false)).toEqual([])
})

test('an item that is over is only commented', () => {
  expect(offered({ ...item, is_open: false })).toEqual(['c Write a comment'])
})
