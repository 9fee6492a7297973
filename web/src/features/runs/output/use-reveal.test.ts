import { expect, test } from 'vitest'
import { wayInto } from './use-reveal'

test('what is in view stays where it is', () => {
  expect(wayInto([10, 20], [0, 100])).toBe(0)
})

test('what is before or after comes into the middle', () => {
  expect(wayInto([-30, -10], [0, 100])).toBe(-70)
  expect(wayInto([90, 110], [0, 100])).toBe(50)
})
