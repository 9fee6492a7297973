import { expect, test } from 'vitest'
import type { TaskSpec } from '../../../lib/api/types'
import * as yaml from '../../../lib/draft/yaml-text'
import { readForm } from './read-form'
import { specOf } from './task-spec'

const { lineOf, readYaml } = yaml
const changeYaml = (text: string, spec: TaskSpec) =>
  yaml.changeYaml(text, spec, (value) => specOf(readForm(value)))

const text = `# Says hello.
name: hello # its name
self_service: false
actions:
  # The kernel.
  - type: COMMAND
    command: uname
    arguments: [-a]   # all of it
  # A greeting.
  - type: SCRIPT
    content: |
      echo hello
`
const uname = { type: 'COMMAND', command: 'uname', arguments: ['-a'] } as const
const greeting = { type: 'SCRIPT', content: 'echo hello\n' } as const
const hello: TaskSpec = { name: 'hello', actions: [{ ...uname, arguments: ['-a'] }, greeting] }

test('a text that says the same is not touched', () => {
  expect(changeYaml(text, hello)).toBe(text)
})

test('a change in the form leaves the comments alone', () => {
  const changed = changeYaml(text, {
    name: 'hello',
    description: 'New',
    actions: [{ ...uname, arguments: ['-a'], timeout: '5s' }, greeting],
  })
  for (const comment of ['# Says hello.', '# its name', '# The kernel.', '# all of it', '# A greeting.']) {
    expect(changed).toContain(comment)
  }
  expect(readYaml(changed)).toMatchObject({
    value: { description: 'New', actions: [{ timeout: '5s' }, greeting] },
  })
})

test('an action that was moved or is alone now keeps its comment', () => {
  const third = { type: 'READ_FILE', path: '/etc/hostname' } as const
  const alone = changeYaml(text, { name: 'hello', actions: [greeting] })
  expect(alone).toContain('# A greeting.')
  expect(alone).not.toContain('uname')
  const moved = changeYaml(text, { name: 'hello', actions: [greeting, third, hello.actions[0] ?? third] })
  expect(moved.indexOf('# A greeting.')).toBeGreaterThan(0)
  expect(moved.indexOf('# all of it')).toBeGreaterThan(moved.indexOf('/etc/hostname'))
  expect(readYaml(moved)).toMatchObject({ value: { actions: [greeting, third, uname] } })
})

test('a text with references within it is written anew, and says what the form says', () => {
  const shared = `name: x
actions:
  - &one {type: COMMAND, command: id}
  - *one
`
  const spec: TaskSpec = {
    name: 'x',
    actions: [
      { type: 'COMMAND', command: 'id' },
      { type: 'COMMAND', command: 'id', user: 'nobody' },
    ],
  }
  expect(readYaml(changeYaml(shared, spec))).toEqual({ value: spec })
})

test('what is not YAML is told with its line', () => {
  expect(readYaml('name: a\nname: b\n')).toEqual({ problem: { detail: 'Map keys must be unique', line: 2 } })
  expect(readYaml('name: [a\n')).toMatchObject({ problem: { line: 2 } })
  expect(readYaml('name: a\n---\nname: b\n')).toMatchObject({ problem: { line: 2 } })
})

test('the line of a problem is that of its field, or of what the field is missing in', () => {
  expect(lineOf(text, '/name')).toBe(2)
  expect(lineOf(text, '/actions/0/arguments/0')).toBe(8)
  expect(lineOf(text, '/actions/1/content')).toBe(11)
  expect(lineOf(text, '/actions/1/timeout')).toBe(10)
  expect(lineOf(text, '/description')).toBeUndefined()
  expect(lineOf('name: [', '/name')).toBeUndefined()
})
