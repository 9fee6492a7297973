import type { ScheduleSpec } from '../../../lib/api/types'
import { type Draft as DraftOf, draftsOf } from '../../../lib/draft/draft'
import { readForm } from './read-form'
import { emptyForm, type ScheduleForm } from './schedule-form'
import { specOf } from './schedule-spec'

/** A schedule in one of the two views. */
export type Draft = DraftOf<ScheduleForm>

const drafts = draftsOf<ScheduleForm, ScheduleSpec>({ what: 'schedule', specOf, readForm })

/** A schedule that is not there yet. */
export const newDraft = (form: ScheduleForm): Draft => drafts.draftOfForm(form)

/**
 * The draft with which editing begins: as YAML if the form would lose something. Its YAML is as somebody would write it: the
 * server names what is as it is without being said.
 */
export function draftOf(spec: ScheduleSpec): Draft {
  const draft = drafts.draftOf(spec, emptyForm('UTC'))
  return draft.view === 'form' ? newDraft(draft.form) : draft
}

export const { toYaml, toForm, toSpec, hasChanged } = drafts
