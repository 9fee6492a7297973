import { expect, test } from 'vitest'
import { ApiProblem, problemOf } from '../../../lib/api/problem'
import { placeProblems, problemsOf, unchangedProblems } from './problems'
import { readForm } from './read-form'
import { withChanged } from './task-form'

const form = readForm({
  name: 'x',
  actions: [
    { type: 'COMMAND', command: 'a', environment: [{ key: 'A', value: 'b' }] },
    {
      type: 'HTTP_REQUEST',
      headers: ['A: b', { key: 'B', secret: 'c' }],
      form: [{ key: 'f', value: 'g' }],
    },
  ],
})
const [command, request] = form.actions
const placesOf = (...pointers: string[]) =>
  Object.keys(
    placeProblems(
      pointers.map((pointer) => ({ pointer, detail: 'wrong' })),
      form,
    ).places,
  )

test('a problem of the task is shown at its field', () => {
  expect(placesOf('/name', '/actions')).toEqual(['task/name', 'task/actions'])
})

test('a problem of an action is shown at the field of that action, wherever it is moved', () => {
  expect(placesOf('/actions/0/command', '/actions/1/request_url')).toEqual([
    `${command?.id}/command`,
    `${request?.id}/request_url`,
  ])
  expect(placesOf('/actions/1')).toEqual([`${request?.id}/type`])
  expect(placesOf('/actions/0/limits/memory')).toEqual([`${command?.id}/memory`])
})

test('one of many arguments is told by its line', () => {
  const errors = [
    { pointer: '/actions/0/arguments/1', detail: 'too long' },
    { pointer: '/actions/0/arguments', detail: 'too many' },
  ]
  expect(placeProblems(errors, form).places).toEqual({
    [`${command?.id}/arguments`]: 'line 2: too long; too many',
  })
})

test('a problem of a pair is shown at that part of it which is on the screen', () => {
  const variable = command && 'environment' in command ? command.environment[0]?.id : ''
  expect(placesOf('/actions/0/environment/0/key', '/actions/0/environment/0/secret')).toEqual([
    `${variable}/key`,
    `${variable}/value`,
  ])
  const headers = request?.type === 'HTTP_REQUEST' ? request.headers.map(({ id }) => id) : []
  expect(placesOf('/actions/1/headers/0', '/actions/1/headers/1/value', '/actions/1/headers/1')).toEqual([
    `${headers[0]}/line`,
    `${headers[1]}/secret`,
    `${headers[1]}/key`,
  ])
  expect(placesOf('/actions/1/form')).toEqual([`${request?.id}/form`])
})

test('what belongs to no field is told with its pointer', () => {
  const errors = [
    { pointer: '/actions/7/command', detail: 'gone' },
    { pointer: '/actions/0/path', detail: 'no such field' },
    { pointer: '', detail: 'no' },
  ]
  expect(placeProblems(errors, form)).toEqual({
    places: {},
    rest: ['/actions/7/command: gone', '/actions/0/path: no such field', 'no'],
  })
})

test('a taken name is a problem of the name', () => {
  const taken = new ApiProblem({ status: 409, code: 'name_taken', detail: 'Another task is called `x`.' })
  expect(problemsOf(taken)).toEqual([{ pointer: '/name', detail: 'Another task is called `x`.' }])
  expect(problemsOf(problemOf(null, 502))).toEqual([
    { pointer: '', detail: 'The server answered 502 without saying why.' },
  ])
})

test('a problem goes when its field is changed, and the others stay', () => {
  const errors = ['/name', '/actions/0/command', '/actions/0/environment/0/key', '/actions/1/request_url']
  const placed = placeProblems(
    errors.map((pointer) => ({ pointer, detail: 'wrong' })),
    form,
  )
  expect(unchangedProblems(placed, form, { ...form, actions: form.actions.toReversed() })).toEqual(placed)
  const changed = withChanged(form.actions, command?.id ?? '', { command: 'b' })
  const left = unchangedProblems(placed, form, { ...form, name: 'y', actions: changed })
  expect(Object.keys(left.places)).toEqual(placesOf('/actions/0/environment/0/key', '/actions/1/request_url'))
})
