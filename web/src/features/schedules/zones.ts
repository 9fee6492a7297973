import { isSameClock, wallOf } from '../../lib/time/zone'

/** Stands in a schedule for the zone of each device. */
export const deviceZone = 'device'

/** The zone in which the server reckons a schedule: what it answers for those of the devices' own zones is meant as UTC. */
export function reckonedZone(timezone: string | undefined): string {
  return !timezone || timezone === deviceZone ? 'UTC' : timezone
}

/** The zone in which the moments of a schedule are written: those of one in the devices' own zones in that of the viewer. */
export function writtenZone(timezone: string, viewer: string): string {
  return timezone === deviceZone ? viewer : timezone
}

/** `Europe/Berlin`, or `each device's own time zone`. */
export function zoneName(timezone: string | undefined): string {
  return timezone === deviceZone ? 'each device’s own time zone' : (timezone ?? 'UTC').replaceAll('_', ' ')
}

interface Format {
  language?: string
  timeZone: string
}

/** `02:30`, with seconds where there are any. */
export function timeText(at: Date, { timeZone }: Format): string {
  return wallOf(at, timeZone).slice(11)
}

/** `Sun, 28 Mar 2027`. */
export function dayText(at: Date, { language, timeZone }: Format): string {
  return new Intl.DateTimeFormat(language, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    timeZone,
  }).format(at)
}

/** `Sun, 28 Mar 2027, 03:00 CEST`. */
export function firingText(at: Date, format: Format): string {
  return `${dayText(at, format)}, ${timeText(at, format)} ${zoneAbbreviation(at, format)}`
}

/** What the same moment is for whoever looks, where that is another time: `01:00 UTC your time`, with the day where it differs. */
export function ownTimeText(at: Date, timeZone: string, viewer: Format): string | null {
  if (isSameClock(at, timeZone, viewer.timeZone)) return null
  const time = `${timeText(at, viewer)} ${zoneAbbreviation(at, viewer)}`
  const isSameDay = wallOf(at, timeZone).slice(0, 10) === wallOf(at, viewer.timeZone).slice(0, 10)
  return `${isSameDay ? time : `${dayText(at, viewer)}, ${time}`} your time`
}

function zoneAbbreviation(at: Date, { language, timeZone }: Format): string {
  const parts = new Intl.DateTimeFormat(language, { timeZone, timeZoneName: 'short' }).formatToParts(at)
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? timeZone
}
