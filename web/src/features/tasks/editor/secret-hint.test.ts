import { expect, test } from 'vitest'
import { secretHint } from './secret-hint'

test('of a secret that is there, and of none, nothing is said', () => {
  expect(secretHint('hook-token', ['hook-token', 'other'])).toBeUndefined()
  expect(secretHint('', ['hook-token'])).toBeUndefined()
  expect(secretHint(' ', [])).toBeUndefined()
})

test('of a name that is not there yet it is said that it has to be set', () => {
  expect(secretHint('hook-toke', ['hook-token'])).toMatch(/no secret of this name yet/)
  expect(secretHint('Hook-Token', ['hook-token'])).toMatch(/no secret of this name yet/)
  expect(secretHint('any', [])).toMatch(/set it before the task runs/)
})
