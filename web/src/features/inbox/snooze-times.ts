import { instantOf, wallOf } from '../../lib/time/zone'

export interface SnoozeTime {
  label: string
  until: string
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const morning = 'T09:00'

/** When an item may come back, for one tap: mornings are those of whoever looks. */
export function snoozeTimes(now: Date, timeZone: string): SnoozeTime[] {
  const today = wallOf(now, timeZone).slice(0, 10)
  const morningAfter = (days: number) => instantOf(`${dayAfter(today, days)}${morning}`, timeZone) ?? ''
  return [
    { label: 'In an hour', until: new Date(now.getTime() + hourMs).toISOString() },
    { label: 'Tomorrow, 9:00', until: morningAfter(1) },
    { label: 'Next Monday, 9:00', until: morningAfter(daysToMonday(today)) },
  ]
}

/** The moment that a field for a day and a time means; null for none, and for what is over. */
export function chosenTime(wall: string, now: Date, timeZone: string): string | null {
  const at = instantOf(wall, timeZone)
  return at && Date.parse(at) > now.getTime() ? at : null
}

function daysToMonday(day: string): number {
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay()
  return (8 - weekday) % 7 || 7
}

function dayAfter(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * dayMs).toISOString().slice(0, 10)
}
