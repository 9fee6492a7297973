import { expect, test } from 'vitest'
import { durationLabel, exactLabel, relativeLabel, sinceLabel, upcomingLabel } from './relative'

const now = new Date('2026-11-21T12:00:00Z')
const before = (ms: number) => new Date(now.getTime() - ms)

test('the past is told in one unit', () => {
  expect(relativeLabel(before(2_000), now)).toBe('just now')
  expect(relativeLabel(before(42_000), now)).toBe('42 s ago')
  expect(relativeLabel(before(5 * 60_000 + 59_000), now)).toBe('5 min ago')
  expect(relativeLabel(before(47 * 3_600_000), now)).toBe('47 h ago')
  expect(relativeLabel(before(50 * 3_600_000), now)).toBe('2 days ago')
})

test('the future is told as such', () => {
  expect(relativeLabel(before(-3_600_000), now)).toBe('in 1 h')
})

test('what is to come is never told as past', () => {
  expect(upcomingLabel(before(-3_000), now)).toBe('in 3 s')
  expect(upcomingLabel(before(2_000), now)).toBe('now')
})

test('a clock that runs ahead never makes a state last less than nothing', () => {
  expect(sinceLabel(before(-10_000), now)).toBe('0 s')
})

test('a measured time is exact where it is short', () => {
  expect(durationLabel(412)).toBe('412 ms')
  expect(durationLabel(59_900)).toBe('59 s')
  expect(durationLabel(185_000)).toBe('3 min 5 s')
  expect(durationLabel(7_200_000)).toBe('2 h')
  expect(durationLabel(97_200_000)).toBe('1 d 3 h')
})

test('the exact time names its zone and is written as the language does', () => {
  expect(exactLabel(now, { language: 'en-GB', timeZone: 'Europe/Berlin' })).toBe('21 Nov 2026, 13:00:00 CET')
  expect(exactLabel(now, { language: 'de', timeZone: 'Asia/Tokyo' })).toBe('21. Nov. 2026, 21:00:00 GMT+9')
})
