import type { Item, UpdateItem } from '../../../lib/api/types'
import { instantOf, wallOf } from '../../../lib/time/zone'

/** When an item is due, as a field for a day and a time shows it; nothing where it is at no certain time. */
export function dueWall({ due_at }: Pick<Item, 'due_at'>, timeZone: string): string {
  return due_at ? wallOf(new Date(due_at), timeZone) : ''
}

/** What is sent of it: nothing where it stays as it was, null where it was emptied. Null for what is no time. */
export function dueChange(
  before: string,
  after: string,
  timeZone: string,
): Pick<UpdateItem, 'due_at'> | null {
  if (after === before) return {}
  if (after === '') return { due_at: null }
  const due_at = instantOf(after, timeZone)
  return due_at ? { due_at } : null
}
