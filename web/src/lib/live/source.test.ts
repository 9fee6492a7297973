import { expect, test } from 'vitest'
import { reopenDelayMs } from './source'

test('a lost stream is asked for less and less often, and never less than twice a minute', () => {
  expect(reopenDelayMs(1, 1)).toBe(1_000)
  expect(reopenDelayMs(3, 1)).toBe(4_000)
  expect(reopenDelayMs(50, 1)).toBe(30_000)
})

test('chance spreads the attempts of many browsers', () => {
  expect(reopenDelayMs(3, 0)).toBe(2_000)
})
