import type { Run } from '../../lib/api/types'

/** Who or what started a run: `by anna`, `by the key nightly`, `by the schedule nightly`. */
export function causeLabel(cause: Run['cause']): string {
  switch (cause.kind) {
    case 'manual':
      return `by ${cause.by}`
    case 'api':
      return `by the key ${cause.by}`
    case 'schedule':
      return `by the schedule ${cause.by}`
    default:
      return `by ${cause.kind} ${cause.by}`.trim()
  }
}
