/** What clocks on the wall show in a time zone, and the moments at which they show it. */

const dayMs = 86_400_000

/** What a clock there shows: `2027-03-28T02:30`, with seconds where there are any. */
export function wallOf(at: Date, timeZone: string): string {
  const wall = new Date(wallMs(at.getTime(), timeZone)).toISOString()
  return wall.slice(0, wall.slice(17, 19) === '00' ? 16 : 19)
}

/** The first moment at which a clock there shows this; where the clocks jump over it, as long after the jump. Null for what is no time. */
export function instantOf(wall: string, timeZone: string): string | null {
  const wanted = Date.parse(`${wall}Z`)
  if (Number.isNaN(wanted)) return null
  const offsets = [wanted - dayMs, wanted + dayMs].map((near) => wallMs(near, timeZone) - near)
  const candidates = offsets.map((offset) => wanted - offset)
  const shown = candidates.filter((candidate) => wallMs(candidate, timeZone) === wanted)
  const found = shown.length > 0 ? Math.min(...shown) : candidates[0]
  return found === undefined ? null : new Date(found).toISOString().replace('.000Z', 'Z')
}

/** The same as {@link wallOf} as a number: the milliseconds of a clock in UTC that shows it. */
export function wallMs(atMs: number, timeZone: string): number {
  const parts: Record<string, number> = {}
  for (const { type, value } of clock(timeZone).formatToParts(atMs)) parts[type] = Number(value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
  return Date.UTC(year, month - 1, day, hour, minute, second) + (((atMs % 1_000) + 1_000) % 1_000)
}

/** Whether two zones show the same at this moment. */
export function isSameClock(at: Date, one: string, other: string): boolean {
  return one === other || wallMs(at.getTime(), one) === wallMs(at.getTime(), other)
}

/** The zone of whoever looks: as they chose, else that of the browser. */
export function viewerZone(chosen: string | undefined): string {
  return chosen ?? Intl.DateTimeFormat().resolvedOptions().timeZone
}

const clocks = new Map<string, Intl.DateTimeFormat>()

function clock(timeZone: string): Intl.DateTimeFormat {
  const known = clocks.get(timeZone)
  if (known) return known
  const made = new Intl.DateTimeFormat('en-u-ca-gregory-nu-latn', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  clocks.set(timeZone, made)
  return made
}
