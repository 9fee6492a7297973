import type { TaskSpec } from '../../../lib/api/types'
import { type Draft as DraftOf, draftsOf } from '../../../lib/draft/draft'
import { readForm } from './read-form'
import { emptyTaskForm, type TaskForm } from './task-form'
import { specOf } from './task-spec'

/** A task in one of the two views. */
export type Draft = DraftOf<TaskForm>

const drafts = draftsOf<TaskForm, TaskSpec>({ what: 'task', specOf, readForm })

export const newDraft: Draft = drafts.draftOfForm(emptyTaskForm)

/** The draft with which editing begins: as YAML if the form would lose something. */
export const draftOf = (spec: TaskSpec): Draft => drafts.draftOf(spec, emptyTaskForm)

export const { toYaml, toForm, toSpec, hasChanged } = drafts
