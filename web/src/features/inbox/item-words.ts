import type { Duplicate, Item } from '../../lib/api/types'
import { numberText } from '../../lib/locale'
import { relativeLabel } from '../../lib/time/relative'
import { count } from '../../lib/words'
import type { TagTone } from '../../ui/tag'
import { inWords } from './fields/schema'

/** What people call a state; the names of a type's own states are read as words. */
export function stateWords(state: string): string {
  return endings[state] ?? inWords(state)
}

const endings: Record<string, string> = {
  resolved: 'Resolved',
  cancelled: 'Taken back',
  timed_out: 'Timed out',
  merged: 'A duplicate',
}

/** What to say of an item's state beside its title: nothing where it is simply open. `label`: what its type calls the state. */
export function stateTag(
  item: Pick<Item, 'state' | 'is_open' | 'resolution'>,
  label?: string,
): { words: string; tone: TagTone } | null {
  if (item.is_open) {
    return item.state === 'open' && !label ? null : { words: label ?? stateWords(item.state), tone: 'active' }
  }
  if (item.resolution) return { words: item.resolution.label, tone: item.resolution.refusal ? 'bad' : 'good' }
  return { words: stateWords(item.state), tone: 'neutral' }
}

/** How it ended, in a sentence; null while it is open. */
export function endWords(item: Pick<Item, 'state' | 'is_open' | 'resolution' | 'reason'>): string | null {
  if (item.is_open) return null
  if (item.resolution) return `${item.resolution.by}: ${item.resolution.label}`
  return item.reason?.detail ?? stateWords(item.state)
}

/** By whom a duplicate was posted, and how much is said about it. */
export function duplicateWords({
  created_by,
  comment_count,
}: Pick<Duplicate, 'created_by' | 'comment_count'>): string {
  return comment_count === 0 ? `by ${created_by}` : `by ${created_by} · ${count(comment_count, 'comment')}`
}

export interface Due {
  words: string
  isOver: boolean
}

/** When it is due, for whoever has to decide: `due in 2 h`, `overdue for 5 min`. */
export function dueWords({ due_at, is_open }: Pick<Item, 'due_at' | 'is_open'>, now: Date): Due | null {
  if (!due_at || !is_open) return null
  const due = new Date(due_at)
  const isOver = due.getTime() <= now.getTime()
  const length = relativeLabel(due, now).replace(/ ago$/, '')
  if (!isOver) return { words: length === 'just now' ? 'due now' : `due ${length}`, isOver }
  return { words: length === 'just now' ? 'due now' : `overdue for ${length}`, isOver }
}

/** Whether it is out of the way just now. */
export function isSnoozed({ snoozed_until }: Pick<Item, 'snoozed_until'>, now: Date): boolean {
  return snoozed_until !== undefined && snoozed_until !== null && Date.parse(snoozed_until) > now.getTime()
}

/** The item to go on with after one: the next of the list, else the one before it. Null where there is no other. */
export function nextAfter(items: readonly Pick<Item, 'id'>[], id: string, place = -1): string | null {
  const others = items.filter((item) => item.id !== id)
  const found = items.findIndex((item) => item.id === id)
  // One that is not in the list any more stood at its place.
  const at = found >= 0 ? found : Math.max(place, 0)
  return (others[at] ?? others.at(-1))?.id ?? null
}

/** The neighbour of an item; null at the ends. */
export function neighbour(
  items: readonly Pick<Item, 'id'>[],
  id: string | undefined,
  by: -1 | 1,
  place = -1,
): string | null {
  if (id === undefined) return items.at(by > 0 ? 0 : -1)?.id ?? null
  const found = items.findIndex((item) => item.id === id)
  if (found >= 0) return items[found + by]?.id ?? null
  if (place < 0) return items[0]?.id ?? null
  return items[by > 0 ? place : place - 1]?.id ?? null
}

/** So far the server counts a queue: that many and more. */
const countedMax = 1_000

/** How many items are in a queue: `7`, `1,000+`. */
export function queueCount(number: number): string {
  return numberText(number) + (number >= countedMax ? '+' : '')
}

/** When the last of these was resolved; null where none was. */
export function lastResolved(items: readonly Pick<Item, 'closed_at' | 'state'>[]): string | null {
  const times = items.filter(({ state }) => state === 'resolved').map(({ closed_at }) => closed_at ?? '')
  return times.sort().at(-1) || null
}

/** The id in what somebody has pasted: an id, or the address of an item. */
export function itemIdIn(text: string): string | null {
  return /\bitm_[0-9a-z]{26}\b/.exec(text)?.[0] ?? null
}
