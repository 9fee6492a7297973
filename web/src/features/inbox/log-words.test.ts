import { expect, test } from 'vitest'
import { isInternal, logDiff, logSentence, logText } from './log-words'

const entry = (action: string, change: Record<string, unknown> | null = null, state = 'open') => ({
  action,
  change,
  state,
  prev_state: 'open',
})

test('what somebody did reads as a sentence after their name', () => {
  expect(logSentence(entry('created'))).toBe('posted it')
  expect(logSentence(entry('moved', null, 'waiting_for_shop'))).toBe('moved it to Waiting for shop')
  expect(logSentence(entry('moved', null, 'checking'), 'Gathering evidence')).toBe(
    'moved it to Gathering evidence',
  )
  expect(logSentence(entry('resolved', { resolution: { name: 'approve', label: 'Refund €240' } }))).toBe(
    'decided: Refund €240',
  )
  expect(logSentence(entry('assigned', { after: { assignee: { id: 'usr_1', name: 'Ana' } } }))).toBe(
    'gave it to Ana',
  )
  expect(
    logSentence(
      entry('assigned', { before: { assignee: { id: 'usr_1', name: 'Ana' } }, after: { assignee: null } }),
    ),
  ).toBe('handed it back to nobody')
  expect(logSentence(entry('snoozed', { after: { snoozed_until: '2026-11-22T08:00:00Z' } }))).toBe(
    'put it out of the way',
  )
  expect(logSentence(entry('snoozed', { after: { snoozed_until: null } }))).toBe('brought it back')
})

test('what a newer server tells stands for itself, and what is removed says nothing', () => {
  expect(logSentence(entry('looked_at'))).toBe('looked at')
  expect(logText(entry('commented'))).toBeNull()
  expect(logDiff(entry('updated'))).toBeNull()
})

test('a comment and a reason are shown as they were written', () => {
  expect(logText(entry('commented', { text: 'Call me\nfirst', public: false }))).toBe('Call me\nfirst')
  expect(
    logText(entry('resolved', { resolution: { name: 'refuse', label: 'Refuse', reason: 'Too late' } })),
  ).toBe('Too late')
  expect(logText(entry('cancelled', { reason: { code: 'cancelled', detail: 'shop cancelled it.' } }))).toBe(
    'shop cancelled it.',
  )
  expect(logText(entry('assigned', { after: { assignee: null }, note: 'Your turn' }))).toBe('Your turn')
})

test('a comment is for the team alone unless it says otherwise', () => {
  expect(isInternal(entry('commented', { text: 'x' }))).toBe(true)
  expect(isInternal(entry('commented', { text: 'x', public: true }))).toBe(false)
  expect(isInternal(entry('created'))).toBe(false)
})

const shownDiff = (change: Record<string, unknown>, action = 'updated') =>
  logDiff(entry(action, change))?.map(({ mark, text }) => mark + text)

test('a change shows what was before and what is after, by the names of fields', () => {
  expect(shownDiff({ before: { amount__editable: 7 }, after: { amount__editable: 8, note: 'hi' } })).toEqual([
    '-amount: 7',
    '+amount: 8',
    '+note: hi',
  ])
  expect(shownDiff({ before: { a: 1 }, after: { a: 1 } })).toBeUndefined()
})

test('another time at which it is due shows too', () => {
  const due_at = { before: null, after: '2026-11-22T08:00:00Z' }
  expect(shownDiff({ before: {}, after: {}, due_at })).toEqual(['-due: none', '+due: 2026-11-22T08:00:00Z'])
})

test('what its sentence tells already is not shown as a change', () => {
  expect(shownDiff({ before: { state: 'new' }, after: { state: 'old' } }, 'moved')).toBeUndefined()
  expect(shownDiff({ after: { fields: { a: 1 } } }, 'created')).toBeUndefined()
})
