import type { Method, OnFailure } from '../../../lib/api/types'
import {
  type ActionForm,
  type ActionType,
  actionTypes,
  emptyAction,
  emptyPair,
  type PairForm,
  type TaskForm,
} from './task-form'

/** What the form has no field for, and where. */
export class NotForTheForm extends Error {
  readonly pointer: string

  constructor(pointer: string, words: string) {
    super(words)
    this.pointer = pointer
  }
}

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

/** The fields of an object, each taken once; what is left at the end is not known. */
class Fields {
  readonly at: string
  readonly #fields: Map<string, unknown>

  constructor(object: unknown, at: string) {
    if (typeof object !== 'object' || object === null || Array.isArray(object)) {
      throw new NotForTheForm(at, 'fields with names are expected here')
    }
    this.at = at
    this.#fields = new Map(Object.entries(object).filter(([, value]) => value !== null))
  }

  has(name: string): boolean {
    return this.#fields.has(name)
  }

  /** A text of one or more lines. */
  text(name: string): string {
    return textOf(this.#take(name) ?? '', `${this.at}/${name}`)
  }

  line(name: string): string {
    return lineOf(this.#take(name) ?? '', `${this.at}/${name}`)
  }

  /** A line around which spaces mean nothing: the form takes them away. */
  word(name: string): string {
    const line = this.line(name)
    if (line !== line.trim()) throw new NotForTheForm(`${this.at}/${name}`, 'it begins or ends with a space')
    return line
  }

  object(name: string): Fields {
    return new Fields(this.#take(name), `${this.at}/${name}`)
  }

  number(name: string): string {
    const number = this.#take(name)
    return number === undefined ? '' : readNumber([number, `${this.at}/${name}`])
  }

  flag(name: string): boolean {
    const flag = this.#take(name) ?? false
    if (typeof flag !== 'boolean')
      throw new NotForTheForm(`${this.at}/${name}`, 'it is neither true nor false')
    return flag
  }

  oneOf<Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    const given = this.#take(name)
    if (given === undefined) return undefined
    const word = words.find((each) => each === given)
    if (!word) throw new NotForTheForm(`${this.at}/${name}`, `it is none of ${words.join(', ')}`)
    return word
  }

  /** The items, each with its place. */
  list(name: string): [unknown, string][] {
    const items = this.#take(name) ?? []
    const at = `${this.at}/${name}`
    if (!Array.isArray(items)) throw new NotForTheForm(at, 'a list is expected here')
    return items.map((item, index) => [item, `${at}/${index}`])
  }

  end() {
    const [unknown] = this.#fields.keys()
    if (unknown !== undefined) throw new NotForTheForm(`${this.at}/${unknown}`, 'it has no such field')
  }

  #take(name: string): unknown {
    const value = this.#fields.get(name)
    this.#fields.delete(name)
    return value
  }
}

function textOf(value: unknown, at: string): string {
  if (typeof value !== 'string') throw new NotForTheForm(at, 'a text is expected here')
  // The browser's fields turn every end of a line into a line feed.
  if (value.includes('\r')) throw new NotForTheForm(at, 'it holds a carriage return')
  return value
}

function lineOf(value: unknown, at: string): string {
  const text = textOf(value, at)
  if (text.includes('\n')) throw new NotForTheForm(at, 'it has more than one line')
  return text
}

/** What is not a number yet is kept as it was typed. */
function readNumber([value, at]: [unknown, string]): string {
  if (typeof value === 'number') return String(value)
  const word = lineOf(value, at)
  if (/[\s,]/.test(word) || word === '') throw new NotForTheForm(at, 'a number is expected here')
  return word
}
