import type { Action, Method, OnFailure } from '../../../lib/api/types'

/**
 * What a person has filled in for a task. Fields are named as in the API, so that a problem of the server's finds its
 * field; each is held as it is typed. The form of a task turns into its spec by `specOf` and back by `readForm`.
 */
export interface TaskForm {
  name: string
  description: string
  on_failure: OnFailure
  self_service: boolean
  actions: readonly ActionForm[]
}

export type ActionForm = CommandForm | ScriptForm | RequestForm | FileForm
export type ActionType = Action['type']

/** Tells apart what stands in lists, wherever it is moved. */
export type ItemId = string

interface CommonForm {
  id: ItemId
  user: string
  timeout: string
  /** Empty: as the task says. */
  on_failure: OnFailure | ''
}

interface ProcessForm extends CommonForm {
  working_directory: string
  /** The three of `limits`. */
  memory: string
  cpu_percent: string
  tasks: string
  environment: readonly PairForm[]
}

export interface CommandForm extends ProcessForm {
  type: 'COMMAND'
  command: string
  /** One a line. */
  arguments: string
}

export interface ScriptForm extends ProcessForm {
  type: 'SCRIPT'
  content: string
  interpreter: string
}

export interface RequestForm extends CommonForm {
  type: 'HTTP_REQUEST'
  request_method: Method
  request_url: string
  headers: readonly PairForm[]
  sends: 'nothing' | 'body' | 'form'
  body: string
  form: readonly PairForm[]
  /** Numbers with commas or spaces between. */
  expect_status: string
  follow_redirects: boolean
}

export interface FileForm extends CommonForm {
  type: 'READ_FILE'
  path: string
  max_bytes: string
}

/** A name with its value, or with the name of the secret that holds it. A header can also be one line, `Name: value`. */
export interface PairForm {
  id: ItemId
  kind: PairKind
  key: string
  value: string
  secret: string
  line: string
}

export type PairKind = 'value' | 'secret' | 'line'

export const emptyTaskForm: TaskForm = {
  name: '',
  description: '',
  on_failure: 'stop',
  self_service: false,
  actions: [],
}

export const actionTypes: readonly ActionType[] = ['COMMAND', 'SCRIPT', 'HTTP_REQUEST', 'READ_FILE']

export function emptyAction(type: ActionType): ActionForm {
  const common = { id: newId(), user: '', timeout: '', on_failure: '' } as const
  const limits = { memory: '', cpu_percent: '', tasks: '' }
  const process = { ...common, ...limits, working_directory: '', environment: [] }
  switch (type) {
    case 'COMMAND':
      return { type, command: '', arguments: '', ...process }
    case 'SCRIPT':
      return { type, content: '', interpreter: '', ...process }
    case 'HTTP_REQUEST':
      return {
        type,
        request_method: 'GET',
        request_url: '',
        headers: [],
        sends: 'nothing',
        body: '',
        form: [],
        expect_status: '',
        follow_redirects: false,
        ...common,
      }
    case 'READ_FILE':
      return { type, path: '', max_bytes: '', ...common }
  }
}

export function emptyPair(): PairForm {
  return { id: newId(), kind: 'value', key: '', value: '', secret: '', line: '' }
}

/** The list with one of its items changed. */
export function withChanged<Item extends { id: ItemId }>(
  items: readonly Item[],
  id: ItemId,
  changed: Partial<Item>,
): Item[] {
  return items.map((item) => (item.id === id ? { ...item, ...changed } : item))
}

/** The list with one of its items `by` places further down. */
export function withMoved<Item extends { id: ItemId }>(
  items: readonly Item[],
  id: ItemId,
  by: -1 | 1,
): Item[] {
  const from = items.findIndex((item) => item.id === id)
  const item = items[from]
  if (!item || from + by < 0 || from + by >= items.length) return [...items]
  return items.toSpliced(from, 1).toSpliced(from + by, 0, item)
}

export function without<Item extends { id: ItemId }>(items: readonly Item[], id: ItemId): Item[] {
  return items.filter((item) => item.id !== id)
}

let idCount = 0

function newId(): ItemId {
  idCount += 1
  return `item-${idCount}`
}
