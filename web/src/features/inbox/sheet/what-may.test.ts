import { expect, test } from 'vitest'
import type { Item } from '../../../lib/api/types'
import { whatMay } from './what-may'

const me = { user: { id: 'usr_1', username: 'ana', name: 'Ana' } } as Parameters<typeof whatMay>[1]
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
  },
} as unknown as Item

test('who decides may change what is marked for it, and nothing else', () => {
  expect(whatMay(item, me)).toEqual({
    decide: true,
    comment: true,
    cancel: false,
    editable: ['amount__editable'],
  })
})

test('who posted it, and an admin, may take it back and change all of it', () => {
  for (const owned of [
    { ...item, created_by: 'ana' },
    { ...item, role: 'admin' as const },
  ]) {
    expect(whatMay(owned, me)).toMatchObject({ cancel: true, editable: ['order', 'amount__editable'] })
  }
})

test('what was posted with a key of mine I posted, and what somebody did who is called by my name I did not', () => {
  const postedBy = (created_by: string) => whatMay({ ...item, created_by }, me).cancel
  expect(postedBy('ana (shop)')).toBe(true)
  expect(postedBy('Ana')).toBe(false)
  expect(postedBy('anna (shop)')).toBe(false)
  expect(postedBy('shop (ana)')).toBe(false)
})

test('who only looks does nothing, also with what they once posted', () => {
  expect(whatMay({ ...item, role: 'read-only', created_by: 'ana' }, me)).toEqual({
    decide: false,
    comment: false,
    cancel: false,
    editable: [],
  })
})

test('who may not decide in this state may comment', () => {
  const shut = { ...item, sheet: { ...item.sheet, why_not: { code: 'group', detail: 'Only leads decide.' } } }
  expect(whatMay(shut as Item, me)).toMatchObject({ decide: false, comment: true, editable: [] })
})

test('with what is over nothing is done but to comment', () => {
  expect(whatMay({ ...item, is_open: false, role: 'admin' }, me)).toMatchObject({
    decide: false,
    comment: true,
    cancel: false,
    editable: [],
  })
})
