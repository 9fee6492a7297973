import { expect, test } from 'vitest'
import { withTimes } from './instants'

const berlin = { language: 'en-GB', timeZone: 'Europe/Berlin' }

test('an instant in a sentence is told as a time in the zone of the schedule', () => {
  expect(withTimes('It waits for its next slot, 2026-11-22T01:30:00Z.', berlin)).toBe(
    'It waits for its next slot, Sun, 22 Nov 2026, 02:30 CET.',
  )
})

test('an instant that is told in that zone as well is told once', () => {
  const step =
    '2026-03-29T01:00:00.577Z is 2026-03-29T03:00:00.577+02:00 in Europe/Berlin: a slot. daily at 3'
  expect(withTimes(step, berlin)).toBe('Sun, 29 Mar 2026, 03:00 CEST: a slot. daily at 3')
})

test('a sentence without instants stays as it is', () => {
  expect(withTimes('Every 2026 seconds.', berlin)).toBe('Every 2026 seconds.')
})
