const pattern = /^([0-9]+(ms|s|m|h|d))+$/

/** Whether the server will read `text` as a length of time, such as `90s` or `1h30m`. */
export function isSpan(text: string): boolean {
  return pattern.test(text)
}

export const spanHint = 'Write it as 30s, 5m, 1h30m or 2d.'

export const spanUnits = ['s', 'm', 'h', 'd'] as const
export type SpanUnit = (typeof spanUnits)[number]

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** A length of time in milliseconds; null for what is none. */
export function spanMs(text: string): number | null {
  if (!isSpan(text)) return null
  let total = 0
  for (const [, number, unit] of text.matchAll(/(\d+)(ms|s|m|h|d)/g)) {
    total += Number(number) * unitMs[unit as keyof typeof unitMs]
  }
  return total
}

/** A length of time as a number of the largest unit that it is a multiple of: `1h30m` is 90 `m`; null where there is none. */
export function spanParts(text: string): { amount: string; unit: SpanUnit } | null {
  const ms = spanMs(text)
  if (!ms) return null
  const unit = spanUnits.findLast((each) => ms % unitMs[each] === 0)
  return unit ? { amount: String(ms / unitMs[unit]), unit } : null
}
