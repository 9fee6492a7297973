import type { LogEntry } from '../../lib/api/types'
import { type DiffLine, lineDiff } from '../../lib/line-diff'
import { isObject, parseKey } from './fields/schema'
import { stateWords } from './item-words'

type Change = Readonly<Record<string, unknown>>

/** What somebody did, after the name of who did it. `label`: what its type calls the state. */
export function logSentence(
  entry: Pick<LogEntry, 'action' | 'state' | 'prev_state' | 'change'>,
  label?: string,
): string {
  const change = changeOf(entry)
  switch (entry.action) {
    case 'created':
      return 'posted it'
    case 'updated':
      return 'changed it'
    case 'commented':
      return change.public === true ? 'wrote, for everybody concerned' : 'wrote'
    case 'assigned':
      return assigned(change)
    case 'moved':
      return `moved it to ${label ?? stateWords(entry.state)}`
    case 'snoozed':
      return afterOf(change, 'snoozed_until') ? 'put it out of the way' : 'brought it back'
    case 'resolved':
      return `decided: ${word(nested(change, 'resolution', 'label')) || 'done'}`
    case 'cancelled':
      return 'took it back'
    case 'timed_out':
      return 'ended it, as nobody decided in time'
    case 'merged':
      return 'marked it as a duplicate'
    case 'type_changed':
      return 'moved it to another version of its type'
    case 'erased':
      return 'removed its content, as its time was over'
    default:
      return entry.action.replaceAll('_', ' ')
  }
}

/** What was said with it: a comment, a reason, a note. */
export function logText(entry: Pick<LogEntry, 'change'>): string | null {
  const change = changeOf(entry)
  const said = [
    change.text,
    change.note,
    change.reason,
    nested(change, 'reason', 'detail'),
    nested(change, 'resolution', 'reason'),
  ]
  return said.map(word).find((text) => text !== '') ?? null
}

/** Of these the sentence says all there is to say. */
const toldInWords = ['created', 'assigned', 'moved', 'snoozed']

/** What it changed, line by line, before and after; null where it says nothing of that. */
export function logDiff(entry: Pick<LogEntry, 'action' | 'change'>): DiffLine[] | null {
  if (toldInWords.includes(entry.action)) return null
  const change = changeOf(entry)
  const diff = lineDiff(lines(change, 'before'), lines(change, 'after'))
  return diff.some(({ mark }) => mark !== ' ') ? diff : null
}

/** Whether it is a comment that only the team reads. */
export function isInternal(entry: Pick<LogEntry, 'action' | 'change'>): boolean {
  return entry.action === 'commented' && changeOf(entry).public !== true
}

function assigned(change: Change): string {
  const to = afterOf(change, 'assignee')
  const name = word(isObject(to) ? to.name : to)
  return name ? `gave it to ${name}` : 'handed it back to nobody'
}

function changeOf({ change }: Pick<LogEntry, 'change'>): Change {
  return isObject(change) ? change : {}
}

function afterOf(change: Change, name: string): unknown {
  return isObject(change.after) ? change.after[name] : undefined
}

function nested(change: Change, outer: string, inner: string): unknown {
  const value = change[outer]
  return isObject(value) ? value[inner] : undefined
}

function word(value: unknown): string {
  return typeof value === 'string' ? value.trim() : ''
}

/** One side of a change, a field a line: `amount: 7`. When an item is due stands beside its fields. */
function lines(change: Change, side: 'before' | 'after'): string[] {
  const fields = isObject(change[side]) ? Object.entries(change[side]) : []
  const due = isObject(change.due_at) ? [['due', change.due_at[side]] as const] : []
  return [...fields, ...due].flatMap(([key, value]) => `${parseKey(key).name}: ${plain(value)}`.split('\n'))
}

function plain(value: unknown): string {
  if (typeof value === 'string') return value
  return value === null || value === undefined ? 'none' : JSON.stringify(value)
}
