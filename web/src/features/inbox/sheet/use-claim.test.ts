import { expect, test } from 'vitest'
import { claimOf } from './use-claim'

const ana = { id: 'usr_1', name: 'Ana' }

test('nobody takes what somebody else has just taken', () => {
  expect(claimOf({ assignee: null }, 'usr_1').body).toEqual({ assignee: 'me', instead_of: 'nobody' })
  expect(claimOf({ assignee: ana }, 'usr_2')).toMatchObject({
    label: 'Take it over from Ana',
    body: { assignee: 'me', instead_of: 'usr_1' },
  })
})

test('who has it hands it back', () => {
  expect(claimOf({ assignee: ana }, 'usr_1').body).toEqual({ assignee: null, instead_of: 'usr_1' })
})
