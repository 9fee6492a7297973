import { expect, test } from 'vitest'
import { chosenTime, snoozeTimes } from './snooze-times'

const berlin = 'Europe/Berlin'
const untils = (now: string, zone = berlin) => snoozeTimes(new Date(now), zone).map(({ until }) => until)

test('mornings are those of whoever looks', () => {
  // A Saturday.
  expect(untils('2026-11-21T12:00:00Z')).toEqual([
    '2026-11-21T13:00:00.000Z',
    '2026-11-22T08:00:00Z',
    '2026-11-23T08:00:00Z',
  ])
  expect(untils('2026-11-21T12:00:00Z', 'America/New_York')[1]).toBe('2026-11-22T14:00:00Z')
})

test('on a Monday the next Monday is a week away', () => {
  expect(untils('2026-11-23T12:00:00Z')[2]).toBe('2026-11-30T08:00:00Z')
})

test('late in the evening tomorrow is the day after, where one is', () => {
  expect(untils('2026-11-21T23:30:00Z')[1]).toBe('2026-11-23T08:00:00Z')
})

test('nine is nine on the day the clocks change', () => {
  expect(untils('2027-03-27T12:00:00Z')[1]).toBe('2027-03-28T07:00:00Z')
})

test('what is over is no time to come back', () => {
  const now = new Date('2026-11-21T12:00:00Z')
  expect(chosenTime('2026-11-21T14:00', now, berlin)).toBe('2026-11-21T13:00:00Z')
  expect(chosenTime('2026-11-21T13:00', now, berlin)).toBeNull()
  expect(chosenTime('', now, berlin)).toBeNull()
})
