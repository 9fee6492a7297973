import { expect, test } from 'vitest'
import { states } from '../state'
import { questionOf } from './question'

test('the question fits the state', () => {
  expect(questionOf('queued')).toBe('Why does it wait?')
  expect(questionOf('expired')).toBe('Why did it not run?')
  expect(questionOf('failed')).toBe('Why did it end so?')
  expect(questionOf('succeeded')).toBe('What happened?')
  for (const state of states) expect(questionOf(state)).toMatch(/\?$/)
})
