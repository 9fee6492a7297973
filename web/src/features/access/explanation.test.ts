import { expect, test } from 'vitest'
import type { Explanation, Grant } from '../../lib/api/types'
import { grantSource, needWords, verdict, withoutGrants } from './explanation'

const grant: Grant = {
  group: { id: 'grp_1', name: 'Support' },
  device_group: { id: 'dgr_1', name: 'production' },
  role: 'read-only',
  overridden: true,
  counts: true,
}

const refused: Explanation = {
  allowed: false,
  verb: 'runs.exec',
  user: { id: 'usr_1', username: 'bob' },
  device: { id: 'dev_1', name: 'web-1' },
  needs: 'admin',
  has: 'read-only',
  reason: { code: 'override', detail: '' },
  grants: [grant],
}

test('the answer says who may what, and where', () => {
  expect(verdict(refused, true)).toBe('You may not run commands and scripts on web-1.')
  expect(verdict({ ...refused, allowed: true, device: null }, false)).toBe(
    'bob may run commands and scripts.',
  )
})

test('of items it is said of which type', () => {
  const type = { id: 'typ_1', name: 'refund' }
  const ofItems = { ...refused, verb: 'items.decide', device: null, item_type: type, needs: 'self-service' }
  expect(verdict(ofItems, true)).toBe('You may not decide over items, assign and snooze them (type refund).')
  expect(needWords(ofItems)).toBe('It takes the role Self-service there.')
  expect(grantSource({ ...grant, device_group: null, item_type: type })).toBe(
    'overridden for items of the type refund',
  )
})

test('what it takes is said in words', () => {
  expect(needWords(refused)).toBe('It takes the role Admin there.')
  expect(needWords({ ...refused, needs: 'super' })).toBe('It is for super users.')
})

test('a grant says whether an override made it', () => {
  expect(grantSource(grant)).toBe('overridden in the device group production')
  expect(grantSource({ ...grant, overridden: false })).toBe(
    'its own role, not overridden in the device group production',
  )
  expect(grantSource({ ...grant, overridden: false, device_group: null })).toBe('its own role')
})

test('who is in no group is told so, and super users that they need none', () => {
  expect(withoutGrants({ ...refused, has: 'none' }, true)).toBe('You are in no group.')
  expect(withoutGrants({ ...refused, has: 'super' }, false)).toBe(
    'This user is in no other group, and needs none.',
  )
})
