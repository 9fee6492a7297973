import { expect, test } from 'vitest'
import { scheduleQuestion, slotQuestion, slotStates } from './slot-words'

test('the question fits what became of a slot', () => {
  expect(slotStates.map(slotQuestion)).toEqual([
    'What happened?',
    'Why was it late?',
    'Why did it not fire?',
    'Why did it not fire?',
  ])
})

test('the question fits the state of a schedule', () => {
  expect(scheduleQuestion('active')).toBe('What does it wait for?')
  expect(scheduleQuestion('paused')).toBe('Why does it not fire?')
  expect(scheduleQuestion('done')).toBe('Why does it not fire?')
})
