import type { Method, OnFailure } from '../../../lib/api/types'
import { Fields, lineOf, NotForTheForm, readNumber } from '../../../lib/draft/read-fields'
import {
  type ActionForm,
  type ActionType,
  actionTypes,
  emptyAction,
  emptyPair,
  type PairForm,
  type TaskForm,
} from './task-form'

/**
 * The form of a task as it was read or written by hand. Whatever would be lost or changed in the form throws
 * NotForTheForm; what is only missing is an empty field, for the server to judge.
 */
export function readForm(task: unknown): TaskForm {
  const fields = new Fields(task, '')
  const form: TaskForm = {
    name: fields.word('name'),
    description: fields.text('description'),
    on_failure: fields.oneOf('on_failure', onFailures) ?? 'stop',
    self_service: fields.flag('self_service'),
    actions: fields.list('actions').map(([action, at]) => readAction(action, at)),
  }
  fields.end()
  return form
}

const onFailures: readonly OnFailure[] = ['stop', 'continue']
const methods: readonly Method[] = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD']

function readAction(action: unknown, at: string): ActionForm {
  const fields = new Fields(action, at)
  const type = fields.oneOf('type', actionTypes)
  if (!type) throw new NotForTheForm(`${at}/type`, 'it does not know of which type this action is')
  const form = { ...emptyAction(type), ...fieldsOf(type, fields), ...commonOf(fields) } as ActionForm
  fields.end()
  return form
}

function fieldsOf(type: ActionType, fields: Fields) {
  switch (type) {
    case 'COMMAND':
      return { command: fields.word('command'), arguments: argumentLines(fields), ...processOf(fields) }
    case 'SCRIPT':
      return {
        content: fields.text('content'),
        interpreter: fields.word('interpreter'),
        ...processOf(fields),
      }
    case 'HTTP_REQUEST':
      return {
        request_method: fields.oneOf('request_method', methods) ?? 'GET',
        request_url: fields.word('request_url'),
        headers: fields.list('headers').map(([header, at]) => readHeader(header, at)),
        expect_status: fields.list('expect_status').map(readNumber).join(', '),
        follow_redirects: fields.flag('follow_redirects'),
        ...sentOf(fields),
      }
    case 'READ_FILE':
      return { path: fields.word('path'), max_bytes: fields.number('max_bytes') }
  }
}

function commonOf(fields: Fields) {
  return {
    user: fields.word('user'),
    timeout: fields.word('timeout'),
    on_failure: fields.oneOf('on_failure', onFailures) ?? '',
  }
}

function processOf(fields: Fields) {
  return {
    working_directory: fields.word('working_directory'),
    ...limitsOf(fields),
    environment: fields.list('environment').map(([pair, at]) => readPair(pair, at)),
  }
}

function limitsOf(fields: Fields) {
  if (!fields.has('limits')) return {}
  const limits = fields.object('limits')
  const form = {
    memory: limits.word('memory'),
    cpu_percent: limits.number('cpu_percent'),
    tasks: limits.number('tasks'),
  }
  limits.end()
  return form
}

function sentOf(fields: Fields) {
  const hasBody = fields.has('body')
  const form = fields.list('form').map(([pair, at]) => readPair(pair, at))
  if (hasBody && form.length > 0)
    throw new NotForTheForm(`${fields.at}/body`, 'a body and a form are both given')
  const sends = hasBody ? 'body' : form.length > 0 ? 'form' : 'nothing'
  return { sends, body: fields.text('body'), form }
}

/** An argument of several lines cannot be told from several arguments. */
function argumentLines(fields: Fields): string {
  const lines = fields.list('arguments').map(([argument, at]) => lineOf(argument, at))
  return lines.join('\n') + (lines.at(-1) === '' ? '\n' : '')
}

function readHeader(header: unknown, at: string): PairForm {
  if (typeof header === 'string') return { ...emptyPair(), kind: 'line', line: lineOf(header, at) }
  return readPair(header, at)
}

function readPair(pair: unknown, at: string): PairForm {
  const fields = new Fields(pair, at)
  if (fields.has('value') === fields.has('secret')) {
    throw new NotForTheForm(at, 'either a value or a secret has to be given, not both')
  }
  const form: PairForm = {
    ...emptyPair(),
    kind: fields.has('secret') ? 'secret' : 'value',
    key: fields.line('key'),
    value: fields.text('value'),
    secret: fields.word('secret'),
  }
  fields.end()
  return form
}
