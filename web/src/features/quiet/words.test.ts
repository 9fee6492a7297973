import { expect, test } from 'vitest'
import { fateOfQueued, thingsToLookAt, whatIsBack } from './words'

const nothing = {
  queued: 0,
  unreported: 0,
  unknown_executions: 0,
  devices: 3,
  users: 1,
  keys: 2,
  secrets: 0,
}

test('only what is there is told', () => {
  expect(thingsToLookAt({ counts: nothing })).toEqual([])
  expect(thingsToLookAt({ counts: { ...nothing, queued: 1, unknown_executions: 12 } })).toEqual([
    '1 execution waited for a device when the backup was made.',
    '12 executions of the time that was lost: devices told of them, and they are not known here.',
  ])
})

test('what becomes of what waited is said before it happens', () => {
  expect(fateOfQueued(0, true)).toBe('Nothing waited when the backup was made.')
  expect(fateOfQueued(2, false)).toMatch(/^2 executions that waited will be cancelled/)
  expect(fateOfQueued(2, true)).toMatch(/will be sent/)
})

test('what is back is counted as people count', () => {
  const counts = {
    queued: 0,
    unreported: 0,
    unknown_executions: 0,
    devices: 0,
    users: 1,
    keys: 1,
    secrets: 2,
  }
  expect(whatIsBack({ counts })).toBe('0 devices, 1 user, 1 key and 2 secrets')
})
