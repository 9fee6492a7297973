import { beforeEach, expect, test } from 'vitest'
import { setLocale } from './locale'
import { count, someOf } from './words'

beforeEach(() => setLocale({ language: 'en', time_zone: '' }))

test('one is not many', () => {
  expect(count(1, 'device')).toBe('1 device')
  expect(count(0, 'device')).toBe('0 devices')
  expect(count(12_000, 'device')).toBe('12,000 devices')
})

test('many names are named by the first and counted', () => {
  expect(someOf(['web-1'])).toBe('web-1')
  expect(someOf(['web-1', 'db-1'])).toBe('web-1 and db-1')
  expect(someOf(['web-1', 'db-1', 'db-2'])).toBe('web-1 and 2 others')
  expect(someOf(['web-1', 'db-1', 'db-2'], 3)).toBe('web-1, db-1 and db-2')
})
