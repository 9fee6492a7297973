import type { OnBlock, Targets, Weekday, WhenOffline, Where } from '../../../lib/api/types'
import type { SpanUnit } from '../../../lib/time/span'

/**
 * What a person has filled in for a schedule. Fields are named as in the API, so that a problem of the server's finds its
 * field; each is held as it is typed. The form turns into its spec by `specOf` and back by `readForm`.
 */
export interface ScheduleForm {
  name: string
  description: string
  /** Id or name. */
  task: string
  rules: readonly RuleForm[]
  timezone: string
  targets: Targets
  where: Where
  run_once: boolean
  missed: MissedWord
  /** The two of `missed: all`. */
  missed_max: string
  missed_age: string
  overlap: OverlapWord
  /** Of `overlap: queue`. */
  queue: string
  when_offline: WhenOffline
  expires_in: string
  splay: string
  /** Moments, as the API writes them; empty: none. */
  starts_at: string
  ends_at: string
  windows: readonly WindowForm[]
  /** Names. */
  calendars: readonly string[]
  on_block: OnBlock
}

export type MissedWord = 'skip' | 'last' | 'all'
export type OverlapWord = 'forbid' | 'allow' | 'queue' | 'replace'

/** Tells apart what stands in lists, wherever it is moved. */
export type ItemId = string

export const ruleKinds = [
  'every',
  'daily',
  'weekly',
  'monthly',
  'once',
  'cron',
  'rrule',
  'boot',
  'enroll',
] as const

/** How a rule is put: the first seven are times, and daily, weekly and monthly are ways to write a cron expression. */
export type RuleKind = (typeof ruleKinds)[number]

/** One rule. What was filled in for another kind stays, so that going there and back loses nothing. */
export interface RuleForm {
  id: ItemId
  kind: RuleKind
  amount: string
  /** Empty: `amount` is written with its units, as `1500ms`. */
  unit: SpanUnit | ''
  /** `HH:MM`. */
  time: string
  days: readonly Weekday[]
  /** 1 to 31, or `L` for the last one. */
  day: string
  /** A moment, as the API writes it. */
  at: string
  cron: string
  seconds: boolean
  rrule: string
}

export interface WindowForm {
  id: ItemId
  days: readonly Weekday[]
  from: string
  until: string
}

export const weekdays: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
export const workdays: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri']

export function emptyRule(kind: RuleKind): RuleForm {
  return {
    id: newId(),
    kind,
    amount: '15',
    unit: 'm',
    time: '02:00',
    days: workdays,
    day: '1',
    at: '',
    cron: '',
    seconds: false,
    rrule: '',
  }
}

export function emptyWindow(): WindowForm {
  return { id: newId(), days: [], from: '22:00', until: '05:00' }
}

/** A schedule that nobody has filled in. */
export function emptyForm(timezone: string): ScheduleForm {
  return {
    name: '',
    description: '',
    task: '',
    rules: [emptyRule('daily')],
    timezone,
    targets: {},
    where: 'device',
    run_once: false,
    missed: 'skip',
    missed_max: '10',
    missed_age: '1d',
    overlap: 'forbid',
    queue: '1',
    when_offline: 'queue',
    expires_in: '',
    splay: '',
    starts_at: '',
    ends_at: '',
    windows: [],
    calendars: [],
    on_block: 'skip',
  }
}

/** The list with one of its items changed. */
export function withChanged<Item extends { id: ItemId }>(
  items: readonly Item[],
  id: ItemId,
  changed: Partial<Item>,
): Item[] {
  return items.map((item) => (item.id === id ? { ...item, ...changed } : item))
}

let idCount = 0

function newId(): ItemId {
  idCount += 1
  return `item-${idCount}`
}
