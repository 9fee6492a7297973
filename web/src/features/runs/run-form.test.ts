import { expect, test } from 'vitest'
import {
  argumentsOf,
  checkRunForm,
  describeRun,
  emptyRunForm,
  neededRole,
  type RunForm,
  runButtonLabel,
  runFieldOf,
  targetsOf,
  toStartRun,
  whatRuns,
} from './run-form'

const uname: RunForm = { ...emptyRunForm, program: 'uname', argumentLines: '-a\n', devices: ['dev_1'] }

test('a command becomes one action, and what was left empty is left out', () => {
  expect(toStartRun(uname)).toEqual({
    actions: [{ type: 'COMMAND', command: 'uname', arguments: ['-a'] }],
    targets: { devices: ['dev_1'] },
    when_offline: 'queue',
    expires_in: '24h',
  })
})

test('a script keeps its text as it is', () => {
  const form: RunForm = {
    ...uname,
    what: 'script',
    script: 'echo a\n',
    interpreter: '/bin/bash',
    user: 'root',
    timeout: '5m',
  }
  expect(toStartRun(form).actions).toEqual([
    { type: 'SCRIPT', content: 'echo a\n', interpreter: '/bin/bash', user: 'root', timeout: '5m' },
  ])
})

test('a task is named, never sent with actions', () => {
  const body = toStartRun({ ...uname, what: 'task', task: 'hello', whenOffline: 'skip' })
  expect(body).toEqual({ task: 'hello', targets: { devices: ['dev_1'] }, when_offline: 'skip' })
})

test('arguments are lines, and empty ones in between count', () => {
  expect(argumentsOf('')).toEqual([])
  expect(argumentsOf('a b\n\n-c\n')).toEqual(['a b', '', '-c'])
})

test('nothing is sent before there is something to run and somewhere to run it', () => {
  expect(checkRunForm(emptyRunForm)).toEqual({
    program: 'Name the program to start',
    devices: 'Choose at least one device, or write a selector',
  })
  expect(Object.keys(checkRunForm({ ...uname, timeout: 'soon', expiresIn: '1 day' }))).toEqual([
    'timeout',
    'expiresIn',
  ])
  expect(checkRunForm(uname)).toEqual({})
})

const on = (...devices: string[]) => ({ devices, groups: [], selector: '' })

test('what will happen is said before it happens', () => {
  expect(describeRun(uname, on('web-1', 'web-2', 'db-1'), 0)).toBe('Run `uname -a` on web-1 and 2 others.')
  expect(describeRun({ ...uname, user: 'root' }, on('web-1'), 0)).toBe('Run `uname -a` as root on web-1.')
  expect(describeRun(uname, on('web-1', 'web-2'), 1)).toBe(
    'Run `uname -a` on web-1 and web-2. The one that is offline will run it when back online, within 24h.',
  )
  expect(describeRun({ ...uname, whenOffline: 'skip' }, on('a', 'b'), 2)).toContain(
    'The 2 that are offline will be skipped.',
  )
})

test('a device group is named as such, and its devices count once', () => {
  const form: RunForm = { ...uname, groups: ['dgr_1'] }
  expect(describeRun(form, { devices: ['web-1'], groups: ['production'], selector: '' }, 0)).toBe(
    'Run `uname -a` on the devices of production and web-1.',
  )
  const devices = [
    { id: 'dev_1', groups: ['production'] },
    { id: 'dev_2', groups: ['production', 'eu'] },
    { id: 'dev_3', groups: [] },
  ]
  expect(targetsOf(form, devices, ['production']).map(({ id }) => id)).toEqual(['dev_1', 'dev_2'])
  expect(toStartRun(form).targets).toEqual({ devices: ['dev_1'], groups: ['dgr_1'] })
  expect(checkRunForm({ ...form, devices: [] })).toEqual({})
})

test('a selector is sent as it is written, and said with the rest', () => {
  const form: RunForm = { ...uname, devices: [], selector: ' role=web ' }
  expect(checkRunForm(form)).toEqual({})
  expect(toStartRun(form).targets).toEqual({ selector: 'role=web' })
  expect(describeRun(form, { devices: [], groups: [], selector: 'role=web' }, 1)).toBe(
    'Run `uname -a` on what matches `role=web`. The one that is offline will run it when back online, within 24h.',
  )
  expect(describeRun(form, { devices: ['web-1'], groups: [], selector: 'a' }, 0)).toBe(
    'Run `uname -a` on what matches `a` and web-1.',
  )
})

test('who may start it depends on what it is', () => {
  expect(whatRuns(uname)).toEqual({ exec: true })
  expect(whatRuns({ ...uname, what: 'task' })).toEqual({})
  expect(whatRuns({ ...uname, what: 'task', task: 'hello' })).toEqual({ task: 'hello' })
})

test('only tasks that are marked for it can be started without an admin', () => {
  expect(neededRole(uname)).toBe('admin')
  expect(neededRole({ ...uname, what: 'task' })).toBe('admin')
  expect(neededRole({ ...uname, what: 'task', isSelfService: true })).toBe('self-service')
})

test('the button says on how many', () => {
  expect(runButtonLabel(0)).toBe('Run')
  expect(runButtonLabel(1)).toBe('Run on 1 device')
  expect(runButtonLabel(3)).toBe('Run on 3 devices')
})

test('problems of the server are shown where they can be put right', () => {
  expect(runFieldOf('/actions/0/arguments/3')).toBe('argumentLines')
  expect(runFieldOf('/targets/devices/0')).toBe('devices')
  expect(runFieldOf('/targets/groups/0')).toBe('groups')
  expect(runFieldOf('/targets/selector')).toBe('selector')
  expect(runFieldOf('/actions/0/environment/0/key')).toBeNull()
})
