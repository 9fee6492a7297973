import type { CalendarEvent } from '../../lib/api/types'
import { wallOf } from '../../lib/time/zone'
import { dayText, firingText, timeText } from '../schedules/zones'

interface Viewer {
  language?: string
  timeZone: string
}

/** Whether its times are moments; else they are what the clocks show, wherever a schedule goes by them. */
function isAtMoments({ from }: Pick<CalendarEvent, 'from'>): boolean {
  return from.endsWith('Z')
}

/**
 * When an event is: `Fri, 25 Dec 2026`, `Thu, 24 Dec 2026 to Sat, 26 Dec 2026`, `Thu, 24 Dec 2026, 18:00 to 22:00`. Moments are told
 * in the zone of whoever looks.
 */
export function eventWhen(event: CalendarEvent, viewer: Viewer): string {
  const format = isAtMoments(event) ? viewer : { ...viewer, timeZone: 'UTC' }
  const [from, until] = [momentOf(event.from), momentOf(event.until)]
  if (event.all_day) {
    // The end is the first moment that is not in it.
    const [first, last] = [from, new Date(until.getTime() - 1)].map((at) => dayText(at, format))
    return first === last ? `${first}` : `${first} to ${last}`
  }
  const begins = `${dayText(from, format)}, ${timeText(from, format)}`
  const isSameDay = wallOf(from, format.timeZone).slice(0, 10) === wallOf(until, format.timeZone).slice(0, 10)
  if (isAtMoments(event)) {
    return `${begins} to ${isSameDay ? firingText(until, format).slice(dayText(until, format).length + 2) : firingText(until, format)}`
  }
  return `${begins} to ${isSameDay ? '' : `${dayText(until, format)}, `}${timeText(until, format)}`
}

/** What is to be known of its times besides: null where they are moments. */
export function eventClock(event: CalendarEvent): string | null {
  if (isAtMoments(event)) return null
  return event.all_day ? 'in each schedule’s zone' : 'by the clock in each schedule’s zone'
}

/** Whether it is on; what is a time of the clocks is taken as one of `timeZone`. */
export function isOn({ from, until }: CalendarEvent, now: Date, timeZone: string): boolean {
  const at = (text: string) => momentOf(text).getTime()
  const nowMs = from.endsWith('Z') ? now.getTime() : Date.parse(`${wallOf(now, timeZone)}Z`)
  return at(from) <= nowMs && nowMs < at(until)
}

/** A time of the clocks as if it were of UTC. */
function momentOf(text: string): Date {
  return new Date(text.endsWith('Z') ? text : `${text}Z`)
}
