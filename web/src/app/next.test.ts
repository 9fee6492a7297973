import { expect, test } from 'vitest'
import { safeNext } from './next'

test('a place in the app is kept with its search', () => {
  expect(safeNext('/runs/run_1?execution=exe_2')).toEqual({ next: '/runs/run_1?execution=exe_2' })
})

test('another site is never a place to go after signing in', () => {
  for (const next of [
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    'javascript:alert(1)',
    7,
    undefined,
  ]) {
    expect(safeNext(next)).toEqual({})
  }
})

test('signing in does not lead back to signing in', () => {
  expect(safeNext('/login?next=/runs')).toEqual({})
  expect(safeNext('/invite#inv_secret')).toEqual({})
})
