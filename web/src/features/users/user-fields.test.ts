import { expect, test } from 'vitest'
import { changesOf } from './user-fields'

const bob = { username: 'bob', name: 'Robert', groups: ['grp_1', 'grp_2'], super: false }

test('only what was changed is sent', () => {
  expect(changesOf(bob, bob)).toEqual({})
  expect(changesOf(bob, { ...bob, name: ' Robert Miller ', super: true })).toEqual({
    name: 'Robert Miller',
    super: true,
  })
})

test('groups are the same in any order, and sent whole where they are not', () => {
  expect(changesOf(bob, { ...bob, groups: ['grp_2', 'grp_1'] })).toEqual({})
  expect(changesOf(bob, { ...bob, groups: ['grp_2', 'grp_3'] })).toEqual({ groups: ['grp_2', 'grp_3'] })
  expect(changesOf(bob, { ...bob, groups: [] })).toEqual({ groups: [] })
})
