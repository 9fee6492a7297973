import { expect, test } from 'vitest'
import { parseScheduleSearch } from './search'

test('an address names a task and a calendar, and anything else in it is left out', () => {
  expect(parseScheduleSearch({ task: 'hello', calendar: 'holidays', page: 2 })).toEqual({
    task: 'hello',
    calendar: 'holidays',
  })
  expect(parseScheduleSearch({ task: '', calendar: 7 })).toEqual({})
})
