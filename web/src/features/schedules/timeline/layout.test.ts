import { expect, test } from 'vitest'
import type { Firing, Slot } from '../../../lib/api/types'
import { domainOf, fittingSpan, layOut, spanNamed, ticksOf, upcomingMarks } from './layout'

const now = Date.parse('2026-11-22T12:00:00Z')
const minute = 60_000
const ago = (minutes: number) => new Date(now - minutes * minute).toISOString()
const hour = domainOf(spanNamed('hour'), now)

function slot(minutes: number, more: Partial<Slot> = {}): Slot {
  const at = ago(minutes)
  return {
    schedule: 'sch_1',
    revision: 1,
    device: { id: 'dev_1', name: 'web-1' },
    at,
    until: at,
    count: 1,
    state: 'fired',
    ...more,
  }
}

const firings = (minutes: number, count: number): Firing[] =>
  Array.from({ length: count }, (_, index) => ({ at: ago(-minutes * (index + 1)) }))

test('two thirds of the picture are past', () => {
  expect(hour).toEqual({ from: now - 40 * minute, until: now + 20 * minute })
})

test('each device has a lane of its own, by name, with its slots in order', () => {
  const lanes = layOut([slot(5, { device: { id: 'dev_2', name: 'web-2' } }), slot(10), slot(40)], hour, 60)
  expect(lanes.map(({ name }) => name)).toEqual(['web-1', 'web-2'])
  expect(lanes[0]?.marks.map(({ from, count }) => [from, count])).toEqual([
    [0, 1],
    [0.5, 1],
  ])
})

test('what the server fires has one lane', () => {
  expect(layOut([slot(5, { device: null })], hour, 60)).toMatchObject([{ id: '', name: 'The server' }])
})

test('slots that would touch become one mark with their number, those of another kind do not', () => {
  const slots = [slot(10), slot(9.9), slot(9.8, { state: 'skipped' }), slot(9.7)]
  const [lane] = layOut(slots, hour, 60)
  expect(lane?.marks.map(({ kind, count }) => [kind, count])).toEqual([
    ['fired', 3],
    ['skipped', 1],
  ])
  expect(lane?.marks[0]).toMatchObject({ at: ago(10), until: ago(9.7) })
})

test('a range is a bar with the number of its slots, cut where the picture begins', () => {
  const [lane] = layOut([slot(100, { until: ago(10), count: 90, state: 'missed' })], hour, 60)
  expect(lane?.marks).toMatchObject([{ kind: 'missed', from: 0, to: 0.5, count: 90, at: ago(100) }])
})

test('what fired and then failed is told apart', () => {
  const [lane] = layOut([slot(30, { outcome: 'failed' }), slot(10, { outcome: 'succeeded' })], hour, 60)
  expect(lane?.marks.map(({ kind }) => kind)).toEqual(['failed', 'fired'])
})

test('what is outside of the picture is not drawn', () => {
  expect(layOut([slot(50)], hour, 60)).toEqual([])
  expect(upcomingMarks(firings(15, 3), hour, 60)).toMatchObject([{ kind: 'upcoming', count: 1 }])
})

test('what is blocked stands apart from what is to come', () => {
  const coming = firings(5, 3).map((firing, place) => ({
    ...firing,
    ...(place === 1 && { blocked: 'calendar x: y' }),
  }))
  expect(
    upcomingMarks(coming, hour, 60)
      .map(({ kind }) => kind)
      .sort(),
  ).toEqual(['blocked', 'upcoming', 'upcoming'])
})

test('the span is the shortest that shows enough, or all that there is', () => {
  expect(fittingSpan([], firings(1, 60), now)).toBe('hour')
  expect(fittingSpan([], firings(24 * 60, 60), now)).toBe('month')
  expect(fittingSpan([slot(30)], [], now)).toBe('hour')
  expect(fittingSpan([], [], now)).toBe('day')
})

test('the axis has round times of the zone, also over a change of the clocks', () => {
  expect(ticksOf(hour, 10 * minute, { timeZone: 'Asia/Kathmandu' }).map(({ label }) => label)).toEqual([
    '17:10',
    '17:20',
    '17:30',
    '17:40',
    '17:50',
    '18:00',
  ])
  const change = Date.parse('2027-03-28T12:00:00Z')
  const week = ticksOf(domainOf(spanNamed('week'), change), spanNamed('week').tickMs, {
    language: 'en-GB',
    timeZone: 'Europe/Berlin',
  })
  expect(week.map(({ label }) => label)).toContain('28 Mar')
  expect(week.map(({ at }) => new Date(at).toISOString())).toContain('2027-03-28T22:00:00.000Z')
})
