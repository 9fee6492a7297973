import { ApiProblem, problemText } from '../../../lib/api/problem'
import type { FieldError } from '../../../lib/api/types'
import type { ActionForm, ItemId, PairForm, TaskForm } from './task-form'

/** A field of the form: that of the task, of an action or of a pair; it stays the same when the action is moved. */
export type Place = `${ItemId}/${string}`

export type Problems = Readonly<Record<Place, string>>

export interface PlacedProblems {
  /** One text for each field that has a problem. */
  places: Problems
  /** What belongs to no field of the form. */
  rest: readonly string[]
}

export const noProblems: PlacedProblems = { places: {}, rest: [] }

/** The owner of the fields that are not in an action. */
export const taskId: ItemId = 'task'

/** Every problem that the server told, each with its pointer if it has one. */
export function problemsOf(error: unknown): FieldError[] {
  if (!(error instanceof ApiProblem)) return [{ pointer: '', detail: problemText(error) }]
  if (error.code === 'name_taken') return [{ pointer: '/name', detail: error.message }]
  return error.errors.length > 0 ? [...error.errors] : [{ pointer: '', detail: problemText(error) }]
}

/** Puts each problem to the field that shows it. */
export function placeProblems(errors: readonly FieldError[], form: TaskForm): PlacedProblems {
  const places: Record<Place, string> = {}
  const rest: string[] = []
  for (const { pointer, detail } of errors) {
    const found = placeOf(pointer, form)
    if (!found) rest.push(pointer ? `${pointer}: ${detail}` : detail)
    else {
      const text = found.item ? `${found.item}: ${detail}` : detail
      places[found.place] = places[found.place] ? `${places[found.place]}; ${text}` : text
    }
  }
  return { places, rest }
}

/** The problems of fields that are still as they were in `told`, when the server looked at them. */
export function unchangedProblems(
  { places, rest }: PlacedProblems,
  told: TaskForm,
  now: TaskForm,
): PlacedProblems {
  const before = ownersIn(told)
  const after = ownersIn(now)
  const isUnchanged = (place: string) => {
    const [id = '', field = ''] = place.split('/')
    return before.get(id)?.[field] === after.get(id)?.[field]
  }
  const standing = Object.entries(places).filter(([place]) => isUnchanged(place))
  return { places: Object.fromEntries(standing), rest }
}

interface Found {
  place: Place
  /** Which of the many things that are written in one field. */
  item?: string
}

function placeOf(pointer: string, form: TaskForm): Found | null {
  const [, field, index, ...inner] = pointer.split('/')
  if (field === 'actions' && index !== undefined) {
    const action = form.actions[Number(index)]
    return action ? placeInAction(action, inner) : null
  }
  return field && field in form ? { place: `${taskId}/${field}` } : null
}

function placeInAction(action: ActionForm, [field, index, part]: string[]): Found | null {
  if (field === undefined) return { place: `${action.id}/type` }
  if (field === 'limits' && index !== undefined && index in action) return { place: `${action.id}/${index}` }
  if (!(field in action)) return null
  const place: Place = `${action.id}/${field}`
  if (index === undefined) return { place }
  if (field === 'arguments') return { place, item: `line ${Number(index) + 1}` }
  if (field === 'expect_status') return { place, item: `number ${Number(index) + 1}` }
  const pair = pairsOf(action, field)[Number(index)]
  return pair ? { place: `${pair.id}/${placeInPair(pair, part)}` } : { place }
}

function pairsOf(action: ActionForm, field: string): readonly PairForm[] {
  if (action.type === 'HTTP_REQUEST') return field === 'headers' ? action.headers : action.form
  return 'environment' in action ? action.environment : []
}

/** Of value, secret and line only one is shown. */
function placeInPair(pair: PairForm, part: string | undefined): string {
  if (pair.kind === 'line') return 'line'
  return part === 'value' || part === 'secret' ? pair.kind : 'key'
}

type Owner = Readonly<Record<string, unknown>>

/** All that has fields, by its id. */
function ownersIn(form: TaskForm): Map<ItemId, Owner> {
  const actions = form.actions as readonly (ActionForm & Owner)[]
  const pairs = actions.flatMap(({ environment = [], headers = [], form = [] }: Owner) => [
    ...(environment as PairForm[]),
    ...(headers as PairForm[]),
    ...(form as PairForm[]),
  ])
  return new Map<ItemId, Owner>([
    [taskId, { ...form }],
    ...[...actions, ...pairs].map((owner): [ItemId, Owner] => [owner.id, { ...owner }]),
  ])
}
