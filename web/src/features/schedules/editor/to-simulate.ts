import type { ScheduleSpec } from '../../../lib/api/types'
import { isAnyNamed } from '../../devices/target-words'
import { type Draft, toSpec } from './draft'
import { isComplete } from './rule'

/**
 * What to ask the server about a draft; null while there is too little of it. What it is called and what it runs change
 * nothing of when and where, so others stand in until they are there.
 */
export function toSimulate(draft: Draft): ScheduleSpec | null {
  const turned = toSpec(draft)
  if ('problem' in turned) return null
  const spec: unknown = turned.done
  if (typeof spec !== 'object' || spec === null || Array.isArray(spec)) return null
  const { name, task, targets } = spec as ScheduleSpec
  if (!isAnyNamed(targets ?? {})) return null
  if (draft.view === 'form' && !draft.form.rules.every(isComplete)) return null
  return { ...(spec as ScheduleSpec), name: name || 'new', task: task || '' }
}
