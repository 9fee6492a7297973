import { expect, test } from 'vitest'
import type { Firing } from '../../../lib/api/types'
import { firingBlockedWords } from './blocked'
import { beforeMonth, monthAfter, monthOf, weeksOf } from './calendar'
import { dstWords } from './dst'

const berlin = 'Europe/Berlin'
const firing = (at: string, dst?: Firing['dst']): Firing => ({ at, dst })

test('a slot stands on the day that it is there, not here', () => {
  const weeks = weeksOf('2027-03', [firing('2027-03-04T23:30:00Z')], berlin, false)
  const days = weeks.flat().filter((day) => day && day.firings.length > 0)
  expect(days.map((day) => day?.date)).toEqual(['2027-03-05'])
  expect(monthOf(new Date('2027-03-31T22:30:00Z'), berlin)).toBe('2027-04')
})

test('a month is whole weeks from Monday on', () => {
  const weeks = weeksOf('2027-03', [], berlin, false)
  expect(weeks.map((week) => week.length)).toEqual([7, 7, 7, 7, 7])
  expect(weeks[0]?.[0]?.date).toBe('2027-03-01')
  expect(weeks.at(-1)?.[2]?.date).toBe('2027-03-31')
  expect(weeks.at(-1)?.slice(3)).toEqual([null, null, null, null])
  expect(weeksOf('2027-08', [], 'UTC', false)[0]?.filter((day) => day === null)).toHaveLength(6)
})

test('days after the last slot that is known are not whole', () => {
  const days = weeksOf(
    '2027-03',
    [firing('2027-03-02T10:00:00Z'), firing('2027-03-03T10:00:00Z')],
    'UTC',
    true,
  )
  expect(days.flat().flatMap((day) => (day?.isWhole ? [day.date] : []))).toEqual(['2027-03-01', '2027-03-02'])
})

test('the months follow each other, and each begins at its own midnight', () => {
  expect(monthAfter('2027-12', 1)).toBe('2028-01')
  expect(monthAfter('2027-01', -1)).toBe('2026-12')
  expect(beforeMonth('2027-04', berlin)).toBe('2027-03-31T21:59:59.999Z')
})

test('a change of the clocks is told with the time that is not there, where it is known', () => {
  const gap = firing('2027-03-28T01:00:00Z', 'gap')
  expect(dstWords(gap, berlin, ['02:30'])).toBe('02:30 does not exist that day: fires 03:00')
  expect(dstWords(gap, berlin, ['02:00', '02:30', '03:00'])).toBe(
    '02:00 and 02:30 do not exist that day: fires 03:00',
  )
  expect(dstWords(gap, berlin, [])).toBe(
    'The clocks go forward that day and its time does not exist: fires 03:00',
  )
  expect(dstWords(firing('2027-10-31T00:30:00Z', 'overlap'), berlin, ['02:30'])).toBe(
    '02:30 comes twice that day: it fires the first time',
  )
  expect(dstWords(firing('2027-03-29T00:30:00Z'), berlin, ['02:30'])).toBeNull()
})

test('a blocked slot is told with what blocks it, and what becomes of it', () => {
  expect(firingBlockedWords({ blocked: 'calendar holidays: Christmas: Eve' }, 'skip')).toBe(
    'skipped: Christmas: Eve (calendar holidays)',
  )
  expect(firingBlockedWords({ blocked: 'outside its windows' }, 'defer')).toBe('waits: outside its windows')
  expect(firingBlockedWords({}, 'skip')).toBeNull()
})
