import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { gather } from './gather'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

test('the first is delivered at once and a burst after it in one piece', () => {
  const deliver = vi.fn()
  const gathered = gather<number>(1_000, deliver)
  gathered.add(1)
  vi.advanceTimersByTime(0)
  for (const item of [2, 3, 4]) gathered.add(item)
  vi.advanceTimersByTime(999)
  expect(deliver.mock.calls).toEqual([[[1]]])
  vi.advanceTimersByTime(1)
  expect(deliver.mock.calls).toEqual([[[1]], [[2, 3, 4]]])
})

test('nothing is delivered after the stop', () => {
  const deliver = vi.fn()
  const gathered = gather<number>(1_000, deliver)
  gathered.add(1)
  gathered.stop()
  vi.runAllTimers()
  expect(deliver).not.toHaveBeenCalled()
})
