import { fieldProblems } from '../../lib/api/problem'
import type { ItemView } from '../../lib/api/types'

/** The ways in which a person looks at the items, in the order of their tabs. */
export const queues = ['needs_me', 'mine', 'unassigned', 'overdue', 'snoozed', 'open', 'closed'] as const

export type Queue = (typeof queues)[number]

export const queueWords: Record<Queue, string> = {
  needs_me: 'Needs me',
  mine: 'Mine',
  unassigned: 'Unassigned',
  overdue: 'Overdue',
  snoozed: 'Snoozed',
  open: 'All open',
  closed: 'Closed',
}

export const orders = ['newest', 'oldest', 'due'] as const

export type Order = (typeof orders)[number]

/** What is in the address of the inbox; the same for its list and for each of its items. */
export interface InboxSearch {
  /** Words that each item has, each in full or its beginning. */
  q?: string
  /** Left out: what needs me. */
  queue?: Queue
  /** Name or id of an item type. */
  type?: string
  /** A state's name, or `all`. */
  state?: string
  /** Id or user name, `me` or `nobody`. */
  assignee?: string
  external_id?: string
  /** Tests of fields: `amount>100 and order=A1`. */
  where?: string
  /** Left out: the newest first. */
  order?: Order
}

const words = ['q', 'type', 'state', 'assignee', 'external_id', 'where'] as const

/** As many characters the server takes to look for. */
export const searchLengthMax = 200

/** States of which items that are over have one, or that let them in. */
const overStates = ['all', 'closed', 'resolved', 'cancelled', 'timed_out', 'merged']

/** Reads the address; what cannot be is left out. */
export function parseInboxSearch(search: Record<string, unknown>): InboxSearch {
  const parsed: InboxSearch = {}
  if (isQueue(search.queue) && search.queue !== 'needs_me') parsed.queue = search.queue
  for (const name of words) {
    const word = wordOf(search[name])
    if (word) parsed[name] = word
  }
  const order = orders.find((each) => each === search.order)
  if (order && order !== 'newest') parsed.order = order
  return parsed
}

/** As the server is asked. */
export function itemsQuery({ queue = 'needs_me', ...rest }: InboxSearch) {
  if (queue === 'open' || queue === 'closed') return { state: queue as string, ...rest }
  return { queue: queue as string, ...rest }
}

/** A list as a saved view keeps it: `queue=mine&type=refund`. */
export function viewQuery(search: InboxSearch): string {
  return new URLSearchParams(itemsQuery(search)).toString()
}

/** The address of a saved view, which may have been saved elsewhere: without a queue it is about all that is open. */
export function searchOfView(query: string): InboxSearch {
  const { queue, state, ...rest } = Object.fromEntries(new URLSearchParams(query))
  if (queue) return parseInboxSearch({ ...rest, queue, state })
  if (state === 'closed') return parseInboxSearch({ ...rest, queue: 'closed' })
  return parseInboxSearch({ ...rest, queue: 'open', state: state === 'open' ? undefined : state })
}

/** The saved view that a list is. Of several, one's own: another's cannot be removed. */
export function viewOf<View extends Pick<ItemView, 'query' | 'own'>>(
  views: readonly View[],
  search: InboxSearch,
): View | undefined {
  const fitting = views.filter(({ query }) => viewQuery(searchOfView(query)) === viewQuery(search))
  return fitting.find(({ own }) => own) ?? fitting[0]
}

/** Whether more than the queue narrows the list down. */
export function isFiltered(search: InboxSearch): boolean {
  return words.some((name) => search[name] !== undefined)
}

/** What is wrong with what was typed, each at its field; that for `where` is there only beside a type. */
export function searchProblems(error: unknown, { type }: InboxSearch): { q?: string; where?: string } {
  return fieldProblems(error, (pointer) => {
    if (pointer === '/q') return 'q'
    return pointer === '/where' && type ? 'where' : null
  }).fields
}

/** Whether only items that are open are in the list; a queue is of those, whichever state is asked for besides. */
export function isOfOpen({ queue, state }: InboxSearch): boolean {
  if (queue === 'closed') return false
  return queue !== 'open' || state === undefined || !overStates.includes(state)
}

/** The tab that a list belongs to; none where it holds what no tab does. */
export function tabOf(search: InboxSearch): Queue | null {
  const { queue = 'needs_me' } = search
  if (queue === 'closed') return search.state === 'all' ? null : queue
  return isOfOpen(search) ? queue : null
}

/** The same words looked for in all items, also in those that are over. */
export function withClosed(search: InboxSearch): InboxSearch {
  return parseInboxSearch({ ...search, queue: 'open', state: 'all' })
}

/** The same list of another queue. The state goes, as another queue may not have any such item. */
export function withQueue({ state: _, ...search }: InboxSearch, queue: Queue): InboxSearch {
  return parseInboxSearch({ ...search, queue })
}

function isQueue(value: unknown): value is Queue {
  return queues.some((queue) => queue === value)
}

/** A number stands in an address as a word of digits does, and `true` as a word. */
function wordOf(value: unknown): string {
  return ['string', 'number', 'boolean'].includes(typeof value) ? String(value).trim() : ''
}
