import type { TaskSpec } from '../../../lib/api/types'
import { NotForTheForm, readForm } from './read-form'
import { emptyTaskForm, type TaskForm } from './task-form'
import { specOf } from './task-spec'
import { changeYaml, readYaml, writeYaml, type YamlProblem } from './task-yaml'

/** A task in one of the two views. The other is kept as it was left, so that going there and back loses nothing. */
export interface Draft {
  view: View
  form: TaskForm
  /** The YAML. */
  text: string
  /** The YAML that says the same as `form`; null where there is none. */
  textOfForm: string | null
}

export type View = 'form' | 'yaml'

/** What a draft turns into, or why it stays as it is. */
export type Turned<What> = { done: What } | { problem: YamlProblem }

export const newDraft: Draft = { view: 'form', form: emptyTaskForm, text: '', textOfForm: null }

/** The draft with which editing begins: as YAML if the form would lose something. */
export function draftOf(spec: TaskSpec): Draft {
  const draft: Draft = { ...newDraft, view: 'yaml', text: writeYaml(spec) }
  const turned = toForm(draft)
  return 'done' in turned ? turned.done : draft
}

export function toYaml(draft: Draft): Draft {
  const spec = specOf(draft.form)
  const text = draft.text === '' ? writeYaml(spec) : changeYaml(draft.text, spec)
  return { ...draft, view: 'yaml', text, textOfForm: text }
}

export function toForm(draft: Draft): Turned<Draft> {
  if (draft.text === draft.textOfForm) return { done: { ...draft, view: 'form' } }
  const read = readYaml(draft.text)
  if ('problem' in read) return read
  try {
    return { done: { ...draft, view: 'form', form: readForm(read.value), textOfForm: null } }
  } catch (problem) {
    if (problem instanceof NotForTheForm) return { problem: notForTheForm(problem) }
    throw problem
  }
}

/** What is sent to the server. YAML goes as it is written: the server judges it. */
export function toSpec(draft: Draft): Turned<TaskSpec> {
  if (draft.view === 'form') return { done: specOf(draft.form) }
  const read = readYaml(draft.text)
  if ('problem' in read) return read
  return { done: read.value as TaskSpec }
}

export function hasChanged(draft: Draft, start: Draft): boolean {
  return contentOf(draft) !== contentOf(start)
}

/** Equal for drafts that say the same, in whichever view. */
function contentOf(draft: Draft): string {
  const turned = draft.view === 'form' ? { done: draft } : toForm(draft)
  return 'done' in turned ? JSON.stringify(specOf(turned.done.form)) : draft.text
}

function notForTheForm({ pointer, message }: NotForTheForm): YamlProblem {
  const where = pointer ? `${pointer}: ` : ''
  return { detail: `The form cannot show this task (${where}${message}). It can be edited here.` }
}
