import { expect, test } from 'vitest'
import type { ItemTypeSpec, ItemTypeVersion } from '../../lib/api/types'
import { behindCount, initialState, lostStates, resolutionsOf, stateLabel, statesOf } from './type-words'

const spec = (states?: ItemTypeSpec['states']): ItemTypeSpec => ({
  name: 'refund',
  title: 'Refund',
  fields: {},
  resolutions: { done: {} },
  ...(states && { states }),
})
const version = (number: number, open_count: number, states?: ItemTypeSpec['states']): ItemTypeVersion => ({
  version: number,
  open_count,
  spec: spec(states),
  created_at: '2026-11-21T12:00:00Z',
  created_by: 'ana',
})

test('a type that names no states has one', () => {
  expect(statesOf(spec())).toEqual(['open'])
  expect(stateLabel(spec({ waiting_for_shop: {} }), 'waiting_for_shop')).toBe('Waiting for shop')
  expect(stateLabel(spec({ new: { label: 'Just in' } }), 'new')).toBe('Just in')
})

test('an item begins in the state that its type names, else in the first', () => {
  const states = { checking: {}, new: {} }
  expect(initialState({ states })).toBe('checking')
  expect(initialState({ states, initial: 'new' })).toBe('new')
  expect(initialState(spec())).toBe('open')
})

test('only states with open items of old versions have to become others', () => {
  const versions = [
    version(3, 2, { new: {} }),
    version(2, 1, { old: {}, new: {} }),
    version(1, 0, { oldest: {} }),
  ]
  expect(lostStates(versions, spec({ new: {} }))).toEqual(['old'])
  expect(lostStates([version(1, 5)], spec({ new: {} }))).toEqual(['open'])
})

test('open items are behind that keep an earlier version', () => {
  expect(behindCount([version(3, 2), version(2, 1), version(1, 4)], 3)).toBe(5)
  expect(behindCount([version(1, 4)], 1)).toBe(0)
})

test('a resolution without words is called by its name', () => {
  expect(
    resolutionsOf({ resolutions: { approve: { label: 'Refund {{ amount }}' }, no: { refusal: true } } }),
  ).toEqual([
    { name: 'approve', label: 'Refund {{ amount }}', refusal: false },
    { name: 'no', label: 'no', refusal: true },
  ])
})
