import { expect, test } from 'vitest'
import { assignBody, nobody, peopleFor } from './assign'

const me = { user: { id: 'usr_1', username: 'ana', name: 'Ana' } } as Parameters<typeof peopleFor>[1]
const bob = { id: 'usr_2', username: 'bob', name: 'Bob', state: 'active' as const }
const gone = { id: 'usr_3', username: 'eve', name: 'Eve', state: 'disabled' as const }
const labels = (...args: Parameters<typeof peopleFor>) => peopleFor(...args).map(({ label }) => label)

test('an item is given to nobody, to oneself, or to any user who can sign in', () => {
  expect(labels(null, me, [bob, gone])).toEqual(['Nobody', 'Me (Ana)', 'Bob (bob)'])
})

test('who has an item stands in the list, also where one may not see the users', () => {
  expect(labels({ id: 'usr_2', name: 'Bob' }, me, [])).toEqual(['Nobody', 'Me (Ana)', 'Bob'])
  expect(labels({ id: 'usr_3', name: 'Eve' }, me, [bob, gone])).toContain('Eve')
  expect(labels({ id: 'usr_2', name: 'Bob' }, me, [bob])).toEqual(['Nobody', 'Me (Ana)', 'Bob (bob)'])
})

test('an item is given away only while it is still of whoever had it before', () => {
  expect(assignBody('usr_2', '', null)).toEqual({ assignee: 'usr_2', instead_of: 'nobody' })
  expect(assignBody(nobody, ' Your turn ', { id: 'usr_1', name: 'Ana' })).toEqual({
    assignee: null,
    instead_of: 'usr_1',
    note: 'Your turn',
  })
})
