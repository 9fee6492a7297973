import { expect, test } from 'vitest'
import { matchesUser } from './search'

const bob = { username: 'bob', name: 'Robert Miller', groups: [{ id: 'grp_1', name: 'Support' }] }

test('a user is found by names and groups, in any order of words', () => {
  expect(matchesUser(bob, 'miller bob')).toBe(true)
  expect(matchesUser(bob, 'SUPP')).toBe(true)
  expect(matchesUser(bob, 'bob admin')).toBe(false)
  expect(matchesUser(bob, '')).toBe(true)
})
