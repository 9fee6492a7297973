import { expect, test } from 'vitest'
import type { TaskSpec } from '../../../lib/api/types'
import { readYaml, writeYaml } from '../../../lib/draft/yaml-text'
import { readForm } from './read-form'
import { emptyAction, emptyPair, emptyTaskForm, withMoved } from './task-form'
import { specOf } from './task-spec'

const common = { user: 'nobody', timeout: '1h30m', on_failure: 'continue' } as const
const environment = [
  { key: 'A', value: 'two\nlines' },
  { key: 'EMPTY', value: '' },
  { key: 'TOKEN', secret: 'api' },
]

/** Every field of every type. */
const everything: TaskSpec = {
  name: 'everything',
  description: 'All there is.\nOn two lines.',
  on_failure: 'continue',
  self_service: true,
  actions: [
    {
      type: 'COMMAND',
      command: 'printf',
      arguments: ['%s', 'a b', '', "it's", ''],
      working_directory: '/tmp',
      limits: { memory: '512M', cpu_percent: 150, tasks: 20 },
      environment,
      ...common,
    },
    {
      type: 'SCRIPT',
      interpreter: '/bin/bash',
      content: '#!/bin/bash\n\techo "x: y" # no comment\n\n',
      working_directory: '/',
      environment,
      ...common,
    },
    {
      type: 'HTTP_REQUEST',
      request_method: 'POST',
      request_url: 'https://example.org/hook?a=b',
      headers: [
        'Accept: */*',
        { key: 'X-Plain', value: 'yes' },
        { key: 'Authorization', secret: 'api' },
        'X: ',
      ],
      form: [
        { key: 'a', value: '1' },
        { key: 'a', secret: 'two' },
      ],
      expect_status: [200, 204],
      follow_redirects: true,
      ...common,
    },
    { type: 'HTTP_REQUEST', request_method: 'PUT', request_url: 'http://a/', body: '' },
    { type: 'HTTP_REQUEST', request_method: 'PATCH', request_url: 'http://a/', body: '{"a": 1}\n' },
    { type: 'READ_FILE', path: '/etc/hostname', max_bytes: 10, ...common },
  ],
}

test('every field comes back from the form as it was', () => {
  expect(specOf(readForm(everything))).toEqual(everything)
})

test('every field comes back from the YAML and the form as it was', () => {
  const read = readYaml(writeYaml(everything))
  expect(read).toEqual({ value: everything })
  expect('value' in read && specOf(readForm(read.value))).toEqual(everything)
})

test('what was left empty is left out', () => {
  const actions = (['COMMAND', 'SCRIPT', 'HTTP_REQUEST', 'READ_FILE'] as const).map(emptyAction)
  expect(specOf({ ...emptyTaskForm, name: ' hello ', actions })).toEqual({
    name: 'hello',
    actions: [
      { type: 'COMMAND', command: '' },
      { type: 'SCRIPT', content: '' },
      { type: 'HTTP_REQUEST', request_method: 'GET', request_url: '' },
      { type: 'READ_FILE', path: '' },
    ],
  })
})

test('a row of a list is sent also when it is empty, so that the server can say what is missing', () => {
  const command = { ...emptyAction('COMMAND'), command: 'env', environment: [emptyPair()] }
  expect(specOf({ ...emptyTaskForm, actions: [command as ReturnType<typeof emptyAction>] }).actions).toEqual([
    { type: 'COMMAND', command: 'env', environment: [{ key: '', value: '' }] },
  ])
})

test('what should be a number and is none is not lost', () => {
  const wrong = {
    name: 'x',
    actions: [
      { type: 'READ_FILE', path: '/a', max_bytes: 'many' },
      { type: 'HTTP_REQUEST', request_method: 'GET', request_url: 'http://a/', expect_status: [200, 'good'] },
    ],
  }
  expect(specOf(readForm(wrong))).toEqual(wrong)
})

test.each([
  [{ shell: true }, '/shell'],
  [{ name: 7 }, '/name'],
  [{ self_service: 'yes' }, '/self_service'],
  [{ actions: { type: 'COMMAND' } }, '/actions'],
  [{ actions: [{ type: 'REBOOT' }] }, '/actions/0/type'],
  [{ actions: [{ command: 'x' }] }, '/actions/0/type'],
  [{ actions: ['uname'] }, '/actions/0'],
  [{ actions: [{ type: 'COMMAND', command: 'x', path: '/' }] }, '/actions/0/path'],
  [{ actions: [{ type: 'COMMAND', command: 'x ' }] }, '/actions/0/command'],
  [{ actions: [{ type: 'COMMAND', command: 'x', arguments: ['a', 'b\nc'] }] }, '/actions/0/arguments/1'],
  [{ actions: [{ type: 'SCRIPT', content: 'a\r\nb' }] }, '/actions/0/content'],
  [{ actions: [{ type: 'SCRIPT', content: 'a', environment: [{ key: 'A' }] }] }, '/actions/0/environment/0'],
  [
    { actions: [{ type: 'HTTP_REQUEST', form: [{ key: 'A', value: '', secret: 'b' }] }] },
    '/actions/0/form/0',
  ],
  [{ actions: [{ type: 'HTTP_REQUEST', body: '', form: [{ key: 'A', value: '' }] }] }, '/actions/0/body'],
  [{ actions: [{ type: 'HTTP_REQUEST', request_method: 'TRACE' }] }, '/actions/0/request_method'],
])('the form does not take what it would lose: %j', (task, pointer) => {
  expect(() => readForm({ name: 'x', actions: [], ...task })).toThrow(expect.objectContaining({ pointer }))
})

test('what stands as null is as if it was not there', () => {
  const task = { name: 'x', actions: [{ type: 'COMMAND', command: 'id', user: null }] }
  expect(specOf(readForm(task)).actions).toEqual([{ type: 'COMMAND', command: 'id' }])
})

test('an action moves by one place and never out of the list', () => {
  const list = ['a', 'b', 'c'].map((id) => ({ id }))
  const ids = (items: { id: string }[]) => items.map(({ id }) => id).join('')
  expect(ids(withMoved(list, 'c', -1))).toBe('acb')
  expect(ids(withMoved(list, 'a', 1))).toBe('bac')
  expect(ids(withMoved(list, 'a', -1))).toBe('abc')
  expect(ids(withMoved(list, 'c', 1))).toBe('abc')
})
