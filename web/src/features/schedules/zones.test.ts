import { expect, test } from 'vitest'
import { firingText, ownTimeText, reckonedZone, writtenZone, zoneName } from './zones'

const at = new Date('2027-03-28T01:00:00Z')
const berlin = { language: 'en-GB', timeZone: 'Europe/Berlin' }

test('a moment is told by the clock of the schedule, and by that of whoever looks', () => {
  expect(firingText(at, berlin)).toBe('Sun, 28 Mar 2027, 03:00 CEST')
  expect(ownTimeText(at, 'Europe/Berlin', { language: 'en-GB', timeZone: 'UTC' })).toBe('01:00 UTC your time')
  expect(ownTimeText(at, 'Europe/Berlin', { language: 'en-GB', timeZone: 'America/New_York' })).toBe(
    'Sat, 27 Mar 2027, 21:00 GMT-4 your time',
  )
})

test('nobody is told the same time twice', () => {
  expect(ownTimeText(at, 'Europe/Berlin', { timeZone: 'Europe/Paris' })).toBeNull()
})

test('the own time of each device is reckoned as UTC, and written down in that of the viewer', () => {
  expect(reckonedZone('device')).toBe('UTC')
  expect(reckonedZone('Asia/Tokyo')).toBe('Asia/Tokyo')
  expect(writtenZone('device', 'Asia/Tokyo')).toBe('Asia/Tokyo')
  expect(zoneName('device')).toBe('each device’s own time zone')
  expect(zoneName('America/New_York')).toBe('America/New York')
})
