import { expect, test } from 'vitest'
import type { Item } from '../../../lib/api/types'
import { whatMay } from './what-may'

const item = {
  id: 'itm_1',
  is_open: true,
  role: 'self-service',
  created_by: 'shop',
  sheet: {
    schema: { properties: { order: {}, amount__editable: {} } },
    choices: [],
    moves: [],
    newest_version: 1,
    viewers: [],
    may_change: false,
  },
} as unknown as Item

test('who decides may change what is marked for it, and nothing else', () => {
  expect(whatMay(item)).toEqual({
    decide: true,
    comment: true,
    cancel: false,
    editable: ['amount__editable'],
    due: false,
  })
})

test('whoever the server says it belongs to may take it back and change all of it', () => {
  const owned = { ...item, sheet: { ...item.sheet, may_change: true } } as Item
  expect(whatMay(owned)).toMatchObject({ cancel: true, editable: ['order', 'amount__editable'], due: true })
})

test('an item without fields may be due at another time', () => {
  const bare = { ...item, sheet: { ...item.sheet, schema: {}, may_change: true } } as Item
  expect(whatMay(bare)).toMatchObject({ editable: [], due: true })
  expect(whatMay({ ...bare, is_open: false })).toMatchObject({ due: false })
})

test('who only looks does nothing', () => {
  expect(whatMay({ ...item, role: 'read-only' })).toEqual({
    decide: false,
    comment: false,
    cancel: false,
    editable: [],
    due: false,
  })
})

test('who may not decide in this state may comment', () => {
  const shut = { ...item, sheet: { ...item.sheet, why_not: { code: 'group', detail: 'Only leads decide.' } } }
  expect(whatMay(shut as Item)).toMatchObject({ decide: false, comment: true, editable: [] })
})

test('with what is over nothing is done but to comment', () => {
  expect(whatMay({ ...item, is_open: false, role: 'admin' })).toMatchObject({
    decide: false,
    comment: true,
    cancel: false,
    editable: [],
  })
})
