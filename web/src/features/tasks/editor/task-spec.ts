import type { Action, KeyValue, TaskSpec } from '../../../lib/api/types'
import { argumentsOf } from '../../runs/run-form'
import type {
  ActionForm,
  CommandForm,
  FileForm,
  PairForm,
  RequestForm,
  ScriptForm,
  TaskForm,
} from './task-form'

/** The task as it goes to the server. What was left empty, or is as it is without being said, is left out. */
export function specOf(form: TaskForm): TaskSpec {
  return {
    name: form.name.trim(),
    ...filled('description', form.description),
    ...(form.on_failure === 'stop' ? {} : { on_failure: form.on_failure }),
    ...(form.self_service ? { self_service: true } : {}),
    actions: form.actions.map(actionOf),
  }
}

function actionOf(form: ActionForm): Action {
  const common = {
    ...filled('user', form.user.trim()),
    ...filled('timeout', form.timeout.trim()),
    ...(form.on_failure ? { on_failure: form.on_failure } : {}),
  }
  switch (form.type) {
    case 'COMMAND':
      return {
        type: form.type,
        command: form.command.trim(),
        ...some('arguments', argumentsOf(form.arguments)),
        ...processOf(form),
        ...common,
      }
    case 'SCRIPT':
      return {
        type: form.type,
        ...filled('interpreter', form.interpreter.trim()),
        content: form.content,
        ...processOf(form),
        ...common,
      }
    case 'HTTP_REQUEST':
      return { type: form.type, ...requestOf(form), ...common }
    case 'READ_FILE':
      return { type: form.type, ...fileOf(form), ...common }
  }
}

function processOf(form: CommandForm | ScriptForm) {
  const limits = {
    ...filled('memory', form.memory.trim()),
    ...number('cpu_percent', form.cpu_percent),
    ...number('tasks', form.tasks),
  }
  return {
    ...filled('working_directory', form.working_directory.trim()),
    ...(Object.keys(limits).length > 0 ? { limits } : {}),
    ...some('environment', form.environment.map(pairOf)),
  }
}

function requestOf(form: RequestForm) {
  return {
    request_method: form.request_method,
    request_url: form.request_url.trim(),
    ...some(
      'headers',
      form.headers.map((header) => (header.kind === 'line' ? header.line : pairOf(header))),
    ),
    ...(form.sends === 'body' ? { body: form.body } : {}),
    ...(form.sends === 'form' ? some('form', form.form.map(pairOf)) : {}),
    ...some(
      'expect_status',
      form.expect_status
        .split(/[\s,]+/)
        .filter(Boolean)
        .map(numberOf),
    ),
    ...(form.follow_redirects ? { follow_redirects: true } : {}),
  }
}

function fileOf(form: FileForm) {
  return { path: form.path.trim(), ...number('max_bytes', form.max_bytes) }
}

function pairOf({ kind, key, value, secret }: PairForm): KeyValue {
  return kind === 'secret' ? { key, secret: secret.trim() } : { key, value }
}

/** What is not a number goes out as it was typed: it must not get lost, and the server says at its place what is wrong. */
function numberOf(text: string): number {
  const number = Number(text)
  return Number.isFinite(number) ? number : (text as unknown as number)
}

function filled<Name extends string>(name: Name, text: string) {
  return (text ? { [name]: text } : {}) as { [name in Name]?: string }
}

function number<Name extends string>(name: Name, text: string) {
  return (text.trim() ? { [name]: numberOf(text.trim()) } : {}) as { [name in Name]?: number }
}

function some<Name extends string, Item>(name: Name, items: Item[]) {
  return (items.length > 0 ? { [name]: items } : {}) as { [name in Name]?: Item[] }
}
