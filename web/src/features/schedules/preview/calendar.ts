import type { Firing } from '../../../lib/api/types'
import { instantOf, wallOf } from '../../../lib/time/zone'

/** `2027-03`. */
export type Month = string

export interface CalendarDay {
  /** `2027-03-28`. */
  date: string
  firings: readonly Firing[]
  /** Whether everything that fires on it is known. */
  isWhole: boolean
}

const dayMs = 86_400_000

export function monthOf(at: Date, timeZone: string): Month {
  return wallOf(at, timeZone).slice(0, 7)
}

export function monthAfter(month: Month, by: number): Month {
  const date = new Date(`${month}-01T00:00:00Z`)
  date.setUTCMonth(date.getUTCMonth() + by)
  return date.toISOString().slice(0, 7)
}

/** The moment right before a month begins: a question for what is later answers its first slot too. */
export function beforeMonth(month: Month, timeZone: string): string {
  const start = instantOf(`${month}-01T00:00`, timeZone)
  return new Date(Date.parse(start ?? `${month}-01T00:00:00Z`) - 1).toISOString()
}

/**
 * A month as weeks from Monday on; null where a day is of another month. `firings` are the next ones in order; with `isCut`
 * there are more after the last of them, so that its day and those after it are not whole.
 */
export function weeksOf(
  month: Month,
  firings: readonly Firing[],
  timeZone: string,
  isCut: boolean,
): (CalendarDay | null)[][] {
  const byDate = new Map<string, Firing[]>()
  for (const firing of firings) {
    const date = wallOf(new Date(firing.at), timeZone).slice(0, 10)
    byDate.set(date, [...(byDate.get(date) ?? []), firing])
  }
  const last = firings.at(-1)
  const cutFrom = isCut && last ? wallOf(new Date(last.at), timeZone).slice(0, 10) : null
  const first = new Date(`${month}-01T00:00:00Z`)
  const days: (CalendarDay | null)[] = Array.from({ length: (first.getUTCDay() + 6) % 7 }, () => null)
  for (let ms = first.getTime(); new Date(ms).toISOString().startsWith(month); ms += dayMs) {
    const date = new Date(ms).toISOString().slice(0, 10)
    days.push({ date, firings: byDate.get(date) ?? [], isWhole: cutFrom === null || date < cutFrom })
  }
  while (days.length % 7 > 0) days.push(null)
  return Array.from({ length: days.length / 7 }, (_, week) => days.slice(week * 7, week * 7 + 7))
}
