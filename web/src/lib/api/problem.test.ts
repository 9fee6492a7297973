import { expect, test } from 'vitest'
import {
  ApiProblem,
  fieldProblems,
  isGone,
  isWorthRetrying,
  problemOf,
  problemText,
  refusedVerb,
} from './problem'

const invalid = problemOf(
  {
    code: 'invalid',
    title: 'Some fields are wrong',
    detail: 'Some fields are wrong.',
    errors: [
      { pointer: '/password', detail: 'at least 8 characters' },
      { pointer: '/key/name', detail: 'give it a name' },
    ],
    request_id: 'r1',
  },
  422,
)

test('a problem document keeps its code, text and request', () => {
  expect(invalid).toMatchObject({
    status: 422,
    code: 'invalid',
    message: 'Some fields are wrong.',
    requestId: 'r1',
  })
})

test('a page of a proxy in between becomes a problem too', () => {
  expect(problemOf('<html>', 502)).toMatchObject({ status: 502, code: 'unreadable_answer' })
})

test('pointers go to their fields, and what belongs to none is still told', () => {
  const problems = fieldProblems(invalid, (pointer) => (pointer === '/password' ? 'password' : null))
  expect(problems).toEqual({
    fields: { password: 'at least 8 characters' },
    rest: '/key/name: give it a name',
  })
})

test('a problem without pointers is told as a whole', () => {
  const taken = new ApiProblem({ status: 409, code: 'name_taken', detail: 'There is a web-1 already.' })
  expect(fieldProblems(taken, () => null)).toEqual({ fields: {}, rest: 'There is a web-1 already.' })
  expect(fieldProblems(null, () => null)).toEqual({ fields: {}, rest: null })
})

test('an inner failure names its request, so that it can be found in the log', () => {
  const internal = problemOf({ code: 'internal', detail: 'Something failed.', request_id: 'r7' }, 500)
  expect(problemText(internal)).toBe('Something failed. (request r7)')
})

test('a refusal names the verb that one may not do', () => {
  const refused = (code: string, detail: string) => problemOf({ code, detail }, 403)
  const detail =
    '`runs.exec` needs admin on web-1; the group `Support` gives read-only there, by an override.'
  expect(refusedVerb(refused('not_allowed', detail))).toBe('runs.exec')
  expect(refusedVerb(refused('not_allowed', '`device-groups.write` is for super users.'))).toBe(
    'device-groups.write',
  )
  expect(refusedVerb(refused('invalid_invitation', detail))).toBeNull()
})

test('only what may pass by itself is tried again', () => {
  expect(isWorthRetrying(problemOf(null, 503))).toBe(true)
  expect(isWorthRetrying(invalid)).toBe(false)
})

test('what is not there any more is another failure than a server that does not answer', () => {
  const answered = (status: number) => isGone(new ApiProblem({ status, code: 'x', detail: '' }))
  expect(answered(404)).toBe(true)
  expect(answered(403)).toBe(true)
  expect(answered(503)).toBe(false)
  expect(answered(0)).toBe(false)
  expect(isGone(null)).toBe(false)
})
