import type { Firing, Slot } from '../../../lib/api/types'
import { instantOf, wallMs, wallOf } from '../../../lib/time/zone'

/** From when until when a picture is, in milliseconds. */
export interface Domain {
  from: number
  until: number
}

/** What is drawn for slots: what became of them, or that they are to come, or would if nothing blocked them. */
export type MarkKind = 'fired' | 'failed' | 'caught_up' | 'skipped' | 'missed' | 'upcoming' | 'blocked'

/** One or several slots of a kind that are close to each other; `from` and `to` are parts of the width, 0 to 1. */
export interface Mark {
  kind: MarkKind
  from: number
  to: number
  count: number
  /** The first and the last moment. */
  at: string
  until: string
}

export interface Lane {
  /** The device's id; empty where the server fires. */
  id: string
  name: string
  marks: Mark[]
}

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** How much time a picture shows. */
export const spans = [
  { value: 'minutes', label: '10 min', ms: 10 * minute, tickMs: 2 * minute },
  { value: 'hour', label: 'Hour', ms: hour, tickMs: 10 * minute },
  { value: 'day', label: 'Day', ms: day, tickMs: 4 * hour },
  { value: 'week', label: 'Week', ms: 7 * day, tickMs: day },
  { value: 'month', label: 'Month', ms: 30 * day, tickMs: 5 * day },
  { value: 'year', label: 'Year', ms: 365 * day, tickMs: 60 * day },
] as const

export type Span = (typeof spans)[number]
export type SpanWord = Span['value']

/** So much of the width is past. */
const pastPart = 2 / 3
/** So many slots make a picture worth looking at. */
const enough = 10

export function spanNamed(word: SpanWord): Span {
  return spans.find(({ value }) => value === word) ?? spans[2]
}

export function domainOf({ ms }: Pick<Span, 'ms'>, nowMs: number): Domain {
  return { from: nowMs - ms * pastPart, until: nowMs + ms * (1 - pastPart) }
}

/** The shortest span that shows enough slots, else the shortest that shows as many as there are. */
export function fittingSpan(slots: readonly Slot[], upcoming: readonly Firing[], nowMs: number): SpanWord {
  const moments = [...slots, ...upcoming].map(({ at }) => Date.parse(at))
  const counts = spans.map((span) => {
    const domain = domainOf(span, nowMs)
    return moments.filter((at) => at >= domain.from && at <= domain.until).length
  })
  const most = Math.max(...counts)
  const found = counts.findIndex((count) => count >= Math.min(enough, most))
  return most === 0 ? 'day' : (spans[found]?.value ?? 'day')
}

/** The devices of some slots, by name, each with what is drawn of it. Marks of a kind that would touch become one. */
export function layOut(slots: readonly Slot[], domain: Domain, cells: number): Lane[] {
  const lanes = new Map<string, Lane & { slots: Slot[] }>()
  for (const slot of slots) {
    if (Date.parse(slot.until) < domain.from || Date.parse(slot.at) > domain.until) continue
    const { id = '', name = 'The server' } = slot.device ?? {}
    const lane = lanes.get(id) ?? { id, name, marks: [], slots: [] }
    lane.slots.push(slot)
    lanes.set(id, lane)
  }
  return [...lanes.values()]
    .map(({ id, name, slots: own }) => ({ id, name, marks: marksOf(own.map(markedSlot), domain, cells) }))
    .sort((one, other) => one.name.localeCompare(other.name))
}

/** What is drawn of the slots to come. */
export function upcomingMarks(upcoming: readonly Firing[], domain: Domain, cells: number): Mark[] {
  const marked = upcoming.map(
    ({ at, blocked }): Marked => ({ kind: blocked ? 'blocked' : 'upcoming', at, until: at, count: 1 }),
  )
  return marksOf(marked, domain, cells)
}

export function kindOf({ state, outcome }: Pick<Slot, 'state' | 'outcome'>): MarkKind {
  const isBad =
    outcome === 'failed' || outcome === 'timed_out' || outcome === 'lost' || outcome === 'rejected'
  return isBad && (state === 'fired' || state === 'caught_up') ? 'failed' : state
}

/** Where a moment is, as a part of the width. */
export function placeOf(atMs: number, { from, until }: Domain): number {
  return Math.min(1, Math.max(0, (atMs - from) / (until - from)))
}

/** Round moments of a clock in `timeZone`, for the axis. */
export function ticksOf(
  domain: Domain,
  tickMs: number,
  { language, timeZone }: { language?: string; timeZone: string },
): { at: number; label: string }[] {
  const ticks: { at: number; label: string }[] = []
  const first = Math.ceil(wallMs(domain.from, timeZone) / tickMs) * tickMs
  for (let wall = first; wall <= wallMs(domain.until, timeZone); wall += tickMs) {
    const at = Date.parse(instantOf(new Date(wall).toISOString().slice(0, 19), timeZone) ?? '')
    if (at >= domain.from && at <= domain.until)
      ticks.push({ at, label: tickLabel(at, tickMs, { language, timeZone }) })
  }
  return ticks
}

type Marked = Pick<Mark, 'kind' | 'count' | 'at' | 'until'>

function markedSlot(slot: Slot): Marked {
  return { kind: kindOf(slot), count: slot.count, at: slot.at, until: slot.until }
}

function marksOf(marked: readonly Marked[], domain: Domain, cells: number): Mark[] {
  const marks: Mark[] = []
  const open = new Map<MarkKind, Mark>()
  const inOrder = marked
    .filter(({ at, until }) => Date.parse(until) >= domain.from && Date.parse(at) <= domain.until)
    .sort((one, other) => Date.parse(one.at) - Date.parse(other.at))
  for (const { kind, count, at, until } of inOrder) {
    const [from, to] = [placeOf(Date.parse(at), domain), placeOf(Date.parse(until), domain)]
    const last = open.get(kind)
    if (last && from - last.to < 1 / cells) {
      last.to = Math.max(last.to, to)
      last.count += count
      if (Date.parse(until) > Date.parse(last.until)) last.until = until
      continue
    }
    const mark = { kind, from, to, count, at, until }
    open.set(kind, mark)
    marks.push(mark)
  }
  return marks
}

function tickLabel(
  at: number,
  tickMs: number,
  { language, timeZone }: { language?: string; timeZone: string },
) {
  if (tickMs < day) return wallOf(new Date(at), timeZone).slice(11, 16)
  return new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short', timeZone }).format(at)
}
