import { expect, test } from 'vitest'
import { reasonText } from './reason'

test('a refusal by the policy is told in the words of the device', () => {
  const reason = { code: 'policy_user', detail: "this device's policy does not let anything run as root" }
  expect(reasonText(reason)).toBe("This device's policy does not let anything run as root.")
})

test('a code without words is told in ours', () => {
  expect(reasonText({ code: 'policy_user', detail: '' })).toContain('does not let anything run as this user')
  expect(reasonText({ code: 'timeout', detail: ' ' })).toBe('It took longer than its time limit.')
})

test('an unknown reason is still told', () => {
  expect(reasonText({ code: 'moon_phase', detail: '' })).toBe('Moon phase.')
  expect(reasonText({ code: 'moon_phase', detail: 'wait for the full moon' })).toBe('Wait for the full moon.')
})
