import type { LogEntry } from '../../lib/api/types'
import { type DiffLine, lineDiff } from '../../lib/line-diff'
import { isObject } from './fields/schema'
import { stateWords } from './item-words'

type Change = Readonly<Record<string, unknown>>

/** What somebody did, after the name of who did it. */
export function logSentence(entry: Pick<LogEntry, 'action' | 'state' | 'prev_state' | 'change'>): string {
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
      return `moved it to ${stateWords(entry.state)}`
    case 'snoozed':
      return afterOf(change, 'snoozed_until') || change.until ? 'put it out of the way' : 'brought it back'
    case 'resolved':
      return `decided: ${word(change.label) || word(nested(change, 'resolution', 'label')) || word(change.resolution) || 'done'}`
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
    change.comment,
    change.note,
    change.reason,
    nested(change, 'resolution', 'reason'),
  ]
  return said.map(word).find((text) => text !== '') ?? null
}

/** What it changed, line by line, before and after; null where it says nothing of that. */
export function logDiff(entry: Pick<LogEntry, 'change'>): DiffLine[] | null {
  const { before, after } = changeOf(entry)
  if (before === undefined && after === undefined) return null
  const diff = lineDiff(lines(before), lines(after))
  return diff.some(({ mark }) => mark !== ' ') ? diff : null
}

/** Whether it is a comment that only the team reads. */
export function isInternal(entry: Pick<LogEntry, 'action' | 'change'>): boolean {
  return entry.action === 'commented' && changeOf(entry).public !== true
}

function assigned(change: Change): string {
  const to = afterOf(change, 'assignee') ?? change.assignee ?? change.to
  const name = word(to) || word(isObject(to) ? to.name : '')
  return name ? `gave it to ${name}` : 'handed it back to nobody'
}

function changeOf({ change }: Pick<LogEntry, 'change'>): Change {
  return isObject(change) ? change : {}
}

function afterOf(change: Change, name: string): unknown {
  return isObject(change.after) ? change.after[name] : undefined
}

function nested(change: Change, outer: string, inner: string): unknown {
  const value = change[outer] ?? afterOf(change, outer)
  return isObject(value) ? value[inner] : undefined
}

function word(value: unknown): string {
  return typeof value === 'string' ? value.trim() : ''
}

/** `amount: 7`, a field a line. */
function lines(value: unknown): string[] {
  if (value === undefined || value === null) return []
  if (!isObject(value)) return plain(value).split('\n')
  return Object.entries(value).flatMap(([name, field]) => `${name}: ${plain(field)}`.split('\n'))
}

function plain(value: unknown): string {
  if (typeof value === 'string') return value
  return value === null ? 'none' : JSON.stringify(value)
}
