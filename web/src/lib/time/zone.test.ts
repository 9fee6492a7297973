import { expect, test } from 'vitest'
import { instantOf, isSameClock, wallOf } from './zone'

const berlin = 'Europe/Berlin'

test('what a clock shows leads back to the moment', () => {
  for (const at of [
    '2027-01-15T08:00:00Z',
    '2027-07-15T08:00:30Z',
    '2027-03-28T00:59:00Z',
    '2027-12-31T23:30:00Z',
  ]) {
    for (const zone of ['UTC', berlin, 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe']) {
      expect(instantOf(wallOf(new Date(at), zone), zone), `${at} ${zone}`).toBe(at)
    }
  }
})

test('a time that the clocks jump over is as long after the jump', () => {
  expect(instantOf('2027-03-28T02:30', berlin)).toBe('2027-03-28T01:30:00Z')
  expect(wallOf(new Date('2027-03-28T01:30:00Z'), berlin)).toBe('2027-03-28T03:30')
})

test('a time that comes twice is the first one', () => {
  expect(instantOf('2027-10-31T02:30', berlin)).toBe('2027-10-31T00:30:00Z')
})

test('what is no time has no moment', () => {
  expect(instantOf('', berlin)).toBeNull()
  expect(instantOf('2027-13-01T00:00', berlin)).toBeNull()
})

test('zones of the same time are the same clock', () => {
  expect(isSameClock(new Date('2027-01-15T08:00:00Z'), berlin, 'Europe/Paris')).toBe(true)
  expect(isSameClock(new Date('2027-01-15T08:00:00Z'), berlin, 'UTC')).toBe(false)
})
