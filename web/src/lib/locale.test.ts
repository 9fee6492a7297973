import { expect, test } from 'vitest'
import { localeOf, numberText } from './locale'

test('what was chosen counts, and what was not is left to the browser', () => {
  expect(localeOf({ language: 'de', time_zone: 'Asia/Tokyo' })).toEqual({
    language: 'de',
    timeZone: 'Asia/Tokyo',
  })
  expect(localeOf({ language: '', time_zone: '' })).toEqual({})
})

test('a zone that this browser does not know is as if none was chosen', () => {
  expect(localeOf({ language: 'de', time_zone: 'Mars/Base' })).toEqual({ language: 'de' })
})

test('numbers are written as the language does', () => {
  expect(numberText(12_000, { language: 'de' })).toBe('12.000')
  expect(numberText(12_000, { language: 'en' })).toBe('12,000')
})
