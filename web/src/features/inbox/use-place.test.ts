import { expect, test } from 'vitest'
import { placeNow } from './use-place'

const of = (...ids: string[]) => ids.map((id) => ({ id }))
const before = { id: 'b', list: 'queue=mine', at: 1 }
const shown = { items: of('a', 'b', 'c'), id: 'b', list: 'queue=mine' }

test('an item that has left the list is still where it stood', () => {
  expect(placeNow(before, shown).at).toBe(1)
  expect(placeNow(before, { ...shown, items: of('a', 'c') }).at).toBe(1)
  expect(placeNow(before, { ...shown, items: undefined }).at).toBe(1)
})

test('an item that moves up in the list is where it is now', () => {
  expect(placeNow(before, { ...shown, items: of('b', 'c') }).at).toBe(0)
})

test('in another list, and for another item, nothing is left of the place', () => {
  expect(placeNow(before, { ...shown, items: of('x', 'y'), list: 'queue=mine&q=parcel' }).at).toBe(-1)
  expect(placeNow(before, { ...shown, items: of('x', 'y'), id: 'd' }).at).toBe(-1)
})
