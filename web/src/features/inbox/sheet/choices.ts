import type { Choice, ResolveItem } from '../../../lib/api/types'
import { formFields } from '../form/schema-form'

/** What is said with a decision. */
export type Answer = Pick<ResolveItem, 'reason' | 'answers'>

/** Whether there is something to say or to be asked before a decision; if not, one press is enough. */
export function askedFor(choice: Pick<Choice, 'form' | 'confirm' | 'reasons' | 'reason_required'>): boolean {
  if (choice.confirm) return true
  return hasReasons(choice) || formFields(choice.form).length > 0
}

/** Whether a reason is asked for. */
export function hasReasons({
  reasons,
  reason_required,
}: Pick<Choice, 'reasons' | 'reason_required'>): boolean {
  return reasons.length > 0 || reason_required
}

/** Whether a reason that is tapped says all there is to say. */
export function isReasonEnough(choice: Pick<Choice, 'form' | 'confirm'>): boolean {
  return !choice.confirm && formFields(choice.form).length === 0
}

/** How many buttons stand side by side; the others open from a menu. */
const shownMax = 4

export function shownChoices(choices: readonly Choice[]): {
  shown: readonly Choice[]
  more: readonly Choice[]
} {
  if (choices.length <= shownMax) return { shown: choices, more: [] }
  return { shown: choices.slice(0, shownMax - 1), more: choices.slice(shownMax - 1) }
}
