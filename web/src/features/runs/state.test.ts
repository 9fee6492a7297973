import { expect, test } from 'vitest'
import { parseRunFilter } from './filter'
import { isOver, orderedCounts, stateWord } from './state'

test('a state is written in words', () => {
  expect(stateWord('timed_out')).toBe('timed out')
})

test('a run is open until it has an end', () => {
  expect(isOver('dispatched')).toBe(false)
  expect(isOver('pending')).toBe(false)
  expect(isOver('rejected')).toBe(true)
  expect(isOver('lost')).toBe(true)
})

test('counts come in one order, and unknown states or none are left out', () => {
  expect(orderedCounts({ succeeded: 3, running: 1, failed: 0, odd: 2 })).toEqual([
    { state: 'running', count: 1 },
    { state: 'succeeded', count: 3 },
  ])
})

test('a filter that is not a state filters nothing', () => {
  expect(parseRunFilter({ state: 'failed' })).toEqual({ state: 'failed' })
  expect(parseRunFilter({ state: 'constructor' })).toEqual({})
})
