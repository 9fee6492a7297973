import { expect, test } from 'vitest'
import { auditQuery, beginOfDay, parseAuditFilter } from './filter'

test('what cannot be a filter is left out', () => {
  expect(
    parseAuditFilter({ actor: ' anna ', action: '', subject: 7, from: 'soon', to: '2026-11-21' }),
  ).toEqual({
    actor: 'anna',
    to: '2026-11-21',
  })
})

test('a day begins when it does where one is, also when the clocks change', () => {
  expect(beginOfDay('2026-11-21', 'Asia/Tokyo')).toBe('2026-11-20T15:00:00.000Z')
  expect(beginOfDay('2026-03-29', 'Europe/Berlin')).toBe('2026-03-28T23:00:00.000Z')
  expect(beginOfDay('2026-03-30', 'Europe/Berlin')).toBe('2026-03-29T22:00:00.000Z')
})

test('the last day is shown to its end', () => {
  expect(auditQuery({ action: 'group.changed', from: '2026-11-20', to: '2026-11-21' }, 'UTC')).toEqual({
    action: 'group.changed',
    since: '2026-11-20T00:00:00.000Z',
    until: '2026-11-21T23:59:59.999Z',
  })
})
