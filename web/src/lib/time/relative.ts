import type { Locale } from '../locale'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** How long ago (or how soon) something is, in one unit: `5 min ago`, `in 2 h`. */
export function relativeLabel(at: Date, now: Date): string {
  const ms = now.getTime() - at.getTime()
  if (Math.abs(ms) < 5 * second) return 'just now'
  const length = roughLength(Math.abs(ms))
  return ms > 0 ? `${length} ago` : `in ${length}`
}

/** How soon something is that is to come: `in 5 min`, and `now` when it is. */
export function upcomingLabel(at: Date, now: Date): string {
  return at.getTime() - now.getTime() < second ? 'now' : `in ${roughLength(at.getTime() - now.getTime())}`
}

/** How long something has lasted, in one unit: `5 min`. */
export function sinceLabel(at: Date, now: Date): string {
  return roughLength(Math.max(0, now.getTime() - at.getTime()))
}

/** A measured length of time: `412 ms`, `1.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`, `4 d 3 h`. */
export function durationLabel(ms: number): string {
  if (ms < second) return `${Math.max(0, Math.round(ms))} ms`
  if (ms < 10 * second) return `${(Math.max(0, ms) / second).toFixed(1)} s`
  if (ms < minute) return `${Math.floor(ms / second)} s`
  if (ms < hour) return twoUnits(ms, minute, 'min', second, 's')
  if (ms < day) return twoUnits(ms, hour, 'h', minute, 'min')
  return twoUnits(ms, day, 'd', hour, 'h')
}

/** The exact local time with its zone, for those who need to know. */
export function exactLabel(at: Date, { language, timeZone }: Locale): string {
  return new Intl.DateTimeFormat(language, {
    year: 'numeric',
    month: 'short',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
    timeZone,
  }).format(at)
}

function roughLength(ms: number): string {
  if (ms < minute) return `${Math.floor(ms / second)} s`
  if (ms < hour) return `${Math.floor(ms / minute)} min`
  if (ms < 2 * day) return `${Math.floor(ms / hour)} h`
  return `${Math.floor(ms / day)} days`
}

function twoUnits(ms: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((ms % large) / small)
  const whole = `${Math.floor(ms / large)} ${largeName}`
  return rest > 0 ? `${whole} ${rest} ${smallName}` : whole
}
