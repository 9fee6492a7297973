import { expect, test } from 'vitest'
import { needsLook } from './use-seen'

test('what somebody else has changed needs another look before a decision', () => {
  expect(needsLook({ version: 3, is_open: true }, 2, 2)).toBe(true)
  expect(needsLook({ version: 2, is_open: true }, 2, 2)).toBe(false)
})

test('what one has changed oneself needs none, until somebody else changes it after that', () => {
  expect(needsLook({ version: 3, is_open: true }, 2, 3)).toBe(false)
  expect(needsLook({ version: 4, is_open: true }, 2, 3)).toBe(true)
})

test('over what is over nobody decides any more', () => {
  expect(needsLook({ version: 3, is_open: false }, 2, 2)).toBe(false)
})
