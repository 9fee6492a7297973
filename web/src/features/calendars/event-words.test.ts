import { expect, test } from 'vitest'
import { eventClock, eventWhen, isOn } from './event-words'

const viewer = { language: 'en-GB', timeZone: 'Europe/Berlin' }
const holiday = {
  name: 'Christmas',
  from: '2026-12-25T00:00:00',
  until: '2026-12-26T00:00:00',
  all_day: true,
}
const freeze = { name: 'Freeze', from: '2026-12-21T00:00:00', until: '2027-01-02T00:00:00', all_day: true }
const party = { name: 'Party', from: '2026-12-24T18:00:00', until: '2026-12-24T22:30:00', all_day: false }
const night = { name: 'Night', from: '2026-12-31T22:00:00', until: '2027-01-01T06:00:00', all_day: false }
const call = { name: 'Call', from: '2026-12-24T18:00:00Z', until: '2026-12-24T22:00:00Z', all_day: false }
const late = { name: 'Late', from: '2026-12-24T18:00:00Z', until: '2026-12-24T23:30:00Z', all_day: false }

test.each([
  [holiday, 'Fri, 25 Dec 2026'],
  [freeze, 'Mon, 21 Dec 2026 to Fri, 1 Jan 2027'],
  [party, 'Thu, 24 Dec 2026, 18:00 to 22:30'],
  [night, 'Thu, 31 Dec 2026, 22:00 to Fri, 1 Jan 2027, 06:00'],
  [call, 'Thu, 24 Dec 2026, 19:00 to 23:00 CET'],
  [late, 'Thu, 24 Dec 2026, 19:00 to Fri, 25 Dec 2026, 00:30 CET'],
])('when %j is', (event, words) => {
  expect(eventWhen(event, viewer)).toBe(words)
})

test('times of the clocks say by whose clock they go, moments need not', () => {
  expect(eventClock(holiday)).toBe('in each schedule’s zone')
  expect(eventClock(party)).toBe('by the clock in each schedule’s zone')
  expect(eventClock(call)).toBeNull()
})

test('an event is on from its first moment until right before its end', () => {
  const berlin = 'Europe/Berlin'
  expect(isOn(holiday, new Date('2026-12-24T23:00:00Z'), berlin)).toBe(true)
  expect(isOn(holiday, new Date('2026-12-24T22:59:00Z'), berlin)).toBe(false)
  expect(isOn(holiday, new Date('2026-12-25T23:00:00Z'), berlin)).toBe(false)
  expect(isOn(call, new Date('2026-12-24T18:00:00Z'), berlin)).toBe(true)
  expect(isOn(call, new Date('2026-12-24T22:00:00Z'), berlin)).toBe(false)
})
