import { expect, test } from 'vitest'
import { ApiProblem } from '../../../lib/api/problem'
import { placeProblems, problemsOf, problemsOfFilled, unchangedProblems } from './problems'
import { emptyForm, emptyRule, emptyWindow } from './schedule-form'

const first = emptyRule('cron')
const second = { ...emptyRule('every'), amount: '0' }
const window = emptyWindow()
const form = { ...emptyForm('UTC'), rules: [first, second], windows: [window] }

function placesOf(...pointers: string[]) {
  return placeProblems(
    pointers.map((pointer) => ({ pointer, detail: 'wrong' })),
    form,
  )
}

test('a pointer into what was simulated is one into the schedule', () => {
  const problem = new ApiProblem({
    status: 422,
    code: 'invalid',
    detail: 'Some fields are wrong',
    errors: [{ pointer: '/spec/cron', detail: 'five fields' }],
  })
  expect(problemsOf(problem)).toEqual([{ pointer: '/cron', detail: 'five fields' }])
})

test('a name that is taken is a problem of the name', () => {
  const taken = new ApiProblem({ status: 409, code: 'name_taken', detail: 'Another schedule is called so.' })
  expect(problemsOf(taken)).toEqual([{ pointer: '/name', detail: 'Another schedule is called so.' }])
})

test.each([
  ['/name', 'schedule/name'],
  ['/task', 'schedule/task'],
  ['/timezone', 'schedule/timezone'],
  ['/targets', 'schedule/devices'],
  ['/targets/devices/0', 'schedule/devices'],
  ['/targets/groups/0', 'schedule/groups'],
  ['/targets/selector', 'schedule/selector'],
  ['/cron', `${first.id}/rule`],
  ['/when/0/cron', `${first.id}/rule`],
  ['/when/1/every', `${second.id}/rule`],
  ['/missed', 'schedule/missed'],
  ['/missed/all/max', 'schedule/missed_max'],
  ['/missed/all/age', 'schedule/missed_age'],
  ['/overlap', 'schedule/overlap'],
  ['/overlap/queue', 'schedule/queue'],
  ['/splay', 'schedule/splay'],
  ['/windows/0/until', `${window.id}/until`],
  ['/windows', 'schedule/windows'],
  ['/calendars/0', 'schedule/calendars'],
])('%s is shown at %s', (pointer, place) => {
  expect(placesOf(pointer)).toEqual({ places: { [place]: 'wrong' }, rest: [] })
})

test('what belongs to no field is told with its place', () => {
  expect(placesOf('/color', '')).toEqual({ places: {}, rest: ['/color: wrong', 'wrong'] })
})

test('two problems of a field are told together', () => {
  expect(placesOf('/cron', '/when/0/seconds').places).toEqual({ [`${first.id}/rule`]: 'wrong; wrong' })
})

test('a problem goes when its field is changed, and no other', () => {
  const { places } = placesOf('/name', '/when/1/every', '/windows/0/until')
  const now = { ...form, name: 'x', rules: [first, { ...second, amount: '5' }] }
  expect(unchangedProblems(places, form, now)).toEqual({ [`${window.id}/until`]: 'wrong' })
})

test('that nothing is chosen is put right by whatever is chosen', () => {
  const { places } = placesOf('/targets')
  expect(unchangedProblems(places, form, { ...form, targets: { devices: [], groups: [] } })).toEqual(places)
  expect(unchangedProblems(places, form, { ...form, targets: { selector: 'role=web' } })).toEqual({})
})

test('a field that is still empty is not held against anybody while the form is filled in', () => {
  const { places } = placesOf('/name', '/task', '/targets/devices', '/when/1/every')
  expect(problemsOfFilled(places, form)).toEqual({ [`${second.id}/rule`]: 'wrong' })
})
