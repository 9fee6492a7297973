import { expect, test } from 'vitest'
import type { TaskSpec } from '../../../lib/api/types'
import { type Draft, draftOf, hasChanged, newDraft, toForm, toSpec, toYaml } from './draft'
import { emptyAction } from './task-form'

const hello: TaskSpec = { name: 'hello', actions: [{ type: 'COMMAND', command: 'uname' }] }

function formAgain(draft: Draft): Draft {
  const turned = toForm(draft)
  if ('problem' in turned) throw new Error(turned.problem.detail)
  return turned.done
}

test('a look at the YAML and back leaves the form as it was, also what is not sent', () => {
  const draft = draftOf(hello)
  const request = { ...emptyAction('HTTP_REQUEST'), body: 'not sent', sends: 'nothing' } as const
  const unsent = { ...draft, form: { ...draft.form, actions: [request as ReturnType<typeof emptyAction>] } }
  expect(formAgain(toYaml(unsent)).form).toBe(unsent.form)
})

test('a look at the form and back leaves the YAML as it was, with its comments', () => {
  const written = { ...toYaml(draftOf(hello)), text: '# mine\nname: hello\nactions: []\n' }
  expect(toYaml(formAgain(written)).text).toBe(written.text)
})

test('what is changed in the YAML shows in the form', () => {
  const written = toYaml(draftOf(hello))
  const changed = { ...written, text: written.text.replace('uname', 'id') }
  expect(formAgain(changed).form.actions).toMatchObject([{ command: 'id' }])
})

test('YAML that cannot be read, or not be shown, stays and says why', () => {
  expect(toForm({ ...toYaml(newDraft), text: 'name: [' })).toMatchObject({ problem: { line: 1 } })
  expect(toForm({ ...toYaml(newDraft), text: 'name: x\nshell: yes\n' })).toEqual({
    problem: {
      detail: 'The form cannot show this task (/shell: it has no such field). It can be edited here.',
    },
  })
  expect(toForm({ ...toYaml(newDraft), text: '' })).toMatchObject({
    problem: { detail: expect.stringContaining('fields with names') },
  })
})

test('a task that the form would change is opened as YAML', () => {
  const draft = draftOf({ name: 'x', actions: [{ type: 'COMMAND', command: 'x', arguments: ['a\nb'] }] })
  expect(draft.view).toBe('yaml')
  expect(toSpec(draft)).toEqual({
    done: { name: 'x', actions: [{ type: 'COMMAND', command: 'x', arguments: ['a\nb'] }] },
  })
})

test('what the server may understand better than this page is sent as it is written', () => {
  expect(toSpec({ ...newDraft, view: 'yaml', text: 'name: x\nnew_field: 1\n' })).toEqual({
    done: { name: 'x', new_field: 1 },
  })
})

test('only what says something else counts as changed', () => {
  const start = draftOf(hello)
  expect(hasChanged(toYaml(start), start)).toBe(false)
  expect(hasChanged({ ...toYaml(start), text: '# a word\nname: hello' }, start)).toBe(true)
  expect(hasChanged({ ...start, form: { ...start.form, name: 'other' } }, start)).toBe(true)
  expect(hasChanged({ ...start, form: { ...start.form, name: 'hello ' } }, start)).toBe(false)
})
