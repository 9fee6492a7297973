import { expect, test } from 'vitest'
import { dueChange, dueWall } from './due-change'

const berlin = 'Europe/Berlin'

test('when an item is due is shown by the clock of whoever looks', () => {
  expect(dueWall({ due_at: '2026-11-21T13:00:00Z' }, berlin)).toBe('2026-11-21T14:00')
  expect(dueWall({ due_at: null }, berlin)).toBe('')
  expect(dueWall({}, berlin)).toBe('')
})

test('a time that nobody has changed is not sent, also where the field does not show all of it', () => {
  const shown = dueWall({ due_at: '2026-11-21T13:00:00.250Z' }, berlin)
  expect(dueChange(shown, shown, berlin)).toEqual({})
  expect(dueChange('', '', berlin)).toEqual({})
})

test('another time is sent, and that there is none any more', () => {
  expect(dueChange('2026-11-21T14:00', '2026-11-22T09:30', berlin)).toEqual({
    due_at: '2026-11-22T08:30:00Z',
  })
  expect(dueChange('', '2026-07-01T09:30', berlin)).toEqual({ due_at: '2026-07-01T07:30:00Z' })
  expect(dueChange('2026-11-21T14:00', '', berlin)).toEqual({ due_at: null })
})

test('what is no time takes none away', () => {
  expect(dueChange('2026-11-21T14:00', '12026-01-01T00:00', berlin)).toBeNull()
})
