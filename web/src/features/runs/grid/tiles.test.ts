import { expect, test } from 'vitest'
import type { State } from '../../../lib/api/types'
import { states } from '../state'
import { changed, countsOf, gridOf, merged, placeAfter, placesOf, stateAt } from './tiles'

const of = (...each: State[]) =>
  gridOf(each.map((state, place) => ({ id: `exe_${place}`, device: `web-${place}`, state })))
const statesOf = (grid: ReturnType<typeof of>) => grid.ids.map((_, place) => stateAt(grid, place))

test('every state survives its place in the grid', () => {
  expect(statesOf(of(...states))).toEqual(states)
})

test('executions are counted and found by their state', () => {
  const grid = of('failed', 'queued', 'failed')
  expect(countsOf(grid)).toMatchObject({ failed: 2, queued: 1, succeeded: 0 })
  expect([...placesOf(grid, 'failed')]).toEqual([0, 2])
  expect([...placesOf(grid, undefined)]).toEqual([0, 1, 2])
  expect([...placesOf(grid, 'lost')]).toEqual([])
})

test('an event changes its tile, and nothing else is made anew', () => {
  const grid = of('queued', 'running')
  const next = changed(grid, new Map([['exe_1', 'failed']]))
  expect(statesOf(next)).toEqual(['queued', 'failed'])
  expect(next.ids).toBe(grid.ids)
  expect(statesOf(grid)).toEqual(['queued', 'running'])
})

test('what tells nothing new, or of what is not seen, leaves the grid as it is', () => {
  const grid = of('queued', 'succeeded')
  for (const news of [
    new Map(),
    new Map([['exe_0', 'queued']]),
    new Map([['exe_9', 'failed']]),
    new Map([['exe_0', 'odd']]),
  ])
    expect(changed(grid, news as Map<string, State>)).toBe(grid)
})

test('an end is not taken back by what comes late, but one end may correct another', () => {
  const grid = of('succeeded', 'lost', 'running')
  const news = new Map<string, State>([
    ['exe_0', 'running'],
    ['exe_1', 'succeeded'],
    ['exe_2', 'dispatched'],
  ])
  expect(statesOf(changed(grid, news))).toEqual(['succeeded', 'succeeded', 'running'])
})

test('what was read counts, but for ends that were told while it was on its way', () => {
  const before = of('failed', 'queued', 'lost')
  const read = of('running', 'dispatched', 'succeeded')
  const grid = merged(before, read)
  expect(statesOf(grid)).toEqual(['failed', 'dispatched', 'succeeded'])
  expect(grid.ids).toBe(before.ids)
})

test('what was read of other executions counts as it is', () => {
  const read = of('running')
  expect(merged(of('failed', 'failed'), read)).toBe(read)
  expect(merged(undefined, read)).toBe(read)
})

test('keys lead from tile to tile and not over the edge', () => {
  const shape = { columns: 10, page: 3, count: 95 }
  const from = (place: number, key: string) => placeAfter(key, place, shape)
  expect([from(12, 'ArrowLeft'), from(12, 'ArrowRight'), from(12, 'ArrowUp'), from(12, 'ArrowDown')]).toEqual(
    [11, 13, 2, 22],
  )
  expect([from(12, 'PageDown'), from(50, 'PageUp'), from(50, 'Home'), from(50, 'End')]).toEqual([
    42, 20, 0, 94,
  ])
  expect([from(0, 'ArrowLeft'), from(3, 'ArrowUp'), from(94, 'ArrowRight'), from(90, 'ArrowDown')]).toEqual([
    0, 0, 94, 94,
  ])
  expect([from(3, 'a'), placeAfter('End', 0, { ...shape, count: 0 })]).toEqual([undefined, undefined])
})
