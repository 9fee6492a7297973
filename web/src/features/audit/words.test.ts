import { expect, test } from 'vitest'
import { isRefused, kindWords, whatWords } from './words'

test('an entry says what was done, to what', () => {
  expect(
    whatWords({ action: 'group.member_added', detail: { name: 'Support', user: 'usr_1', username: 'bob' } }),
  ).toBe('put bob into the group Support')
  expect(
    whatWords({
      action: 'group.override_set',
      detail: { name: 'Support', device_group: { id: 'dgr_1', name: 'production' } },
    }),
  ).toBe('set what Support may do in the device group production')
  expect(whatWords({ action: 'device.changed', detail: { after: { name: 'web-2' } } })).toBe(
    'changed the device web-2',
  )
})

test('what was refused says what was tried', () => {
  const refused = { action: 'access.refused', detail: { verb: 'runs.exec', tried: 'POST /api/v1/runs' } }
  expect(isRefused(refused)).toBe(true)
  expect(whatWords(refused)).toBe('may not run commands and scripts, and tried')
})

test('an action that a newer server knows stands for itself, and missing details leave no gap', () => {
  expect(whatWords({ action: 'inbox.read', detail: {} })).toBe('inbox.read')
  expect(whatWords({ action: 'task.removed', detail: {} })).toBe('removed the task')
})

test('a person in a browser needs no further word', () => {
  expect(kindWords({ kind: 'user' })).toBeNull()
  expect(kindWords({ kind: 'key' })).toBe('by an API key')
  expect(kindWords({ kind: 'robot' })).toBe('robot')
})
