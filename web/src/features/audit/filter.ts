/** Which entries of the audit log are looked at. */
export interface AuditFilter {
  /** Name or id of who did it. */
  actor?: string
  /** Such as `group.changed`. */
  action?: string
  /** Id of what it was done to. */
  subject?: string
  /** Days, `2026-11-21`, in the zone of who looks: the first and the last that are shown. */
  from?: string
  to?: string
}

const names = ['actor', 'action', 'subject', 'from', 'to'] as const

/** Reads the filter from the address; what cannot be is left out. */
export function parseAuditFilter(search: Record<string, unknown>): AuditFilter {
  const filter: AuditFilter = {}
  for (const name of names) {
    const value = search[name]
    if (typeof value !== 'string' || value.trim() === '') continue
    if ((name === 'from' || name === 'to') && !isDay(value)) continue
    filter[name] = value.trim()
  }
  return filter
}

/** As the server is asked: from the moment at which the first day begins to the last before the day after the last. */
export function auditQuery({ from, to, ...filter }: AuditFilter, timeZone?: string) {
  return {
    ...filter,
    ...(from && { since: beginOfDay(from, timeZone) }),
    ...(to && { until: endOfDay(to, timeZone) }),
  }
}

/** The moment at which a day begins in a zone; without one, in that of the browser. */
export function beginOfDay(day: string, timeZone?: string): string {
  const asUtc = Date.parse(`${day}T00:00:00Z`)
  // Twice: the difference is taken at a moment near the one that is looked for, on the right side of a change of clocks.
  const first = asUtc - differenceMs(asUtc, timeZone)
  return new Date(asUtc - differenceMs(first, timeZone)).toISOString()
}

function endOfDay(day: string, timeZone?: string): string {
  const dayAfter = new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10)
  return new Date(Date.parse(beginOfDay(dayAfter, timeZone)) - 1).toISOString()
}

function isDay(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`))
}

/** By how much the clocks of a zone are ahead of UTC at a moment. */
function differenceMs(at: number, timeZone?: string): number {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(at)
  const part = (type: string) => Number(parts.find((each) => each.type === type)?.value ?? 0)
  const shown = Date.UTC(
    part('year'),
    part('month') - 1,
    part('day'),
    part('hour'),
    part('minute'),
    part('second'),
  )
  return shown - Math.floor(at / 1_000) * 1_000
}
