import type { AuditEntry } from '../../lib/api/types'
import { type DiffLine, lineDiff } from '../../lib/line-diff'

/** What an entry changed, line by line; null where it says nothing of a before and an after. */
export function entryDiff(detail: AuditEntry['detail']): DiffLine[] | null {
  const { before, after } = detail
  if (before === undefined && after === undefined) return null
  return lineDiff(lines(before), lines(after))
}

/** What is shown elsewhere: the difference, and of a refusal what was tried and why not. */
const shownElsewhere = ['before', 'after', 'verb', 'tried', 'why']

/** What else an entry says, as lines. */
export function otherDetail(detail: AuditEntry['detail']): string[] {
  return lines(Object.fromEntries(Object.entries(detail).filter(([name]) => !shownElsewhere.includes(name))))
}

/** `name: web-1`, a field a line; what is in a list or in another thing stays on its line. */
function lines(value: unknown): string[] {
  if (value === undefined || value === null) return []
  if (typeof value !== 'object' || Array.isArray(value)) return [plain(value)]
  return Object.entries(value)
    .sort(([one], [other]) => one.localeCompare(other))
    .map(([name, field]) => `${name}: ${plain(field)}`)
}

function plain(value: unknown): string {
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(plain).join(', ')
  return value === null ? 'none' : JSON.stringify(value)
}
