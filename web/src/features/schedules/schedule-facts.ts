import type { ScheduleSpec } from '../../lib/api/types'
import { weekdayNames } from './editor/weekday-names'

/** What a schedule does where it is not the usual: one line each. */
export function specialWords(spec: ScheduleSpec): { name: string; value: string }[] {
  const lines: [string, string | null][] = [
    ['Missed slots', missedWords(spec.missed)],
    ['While one still runs', overlapWords(spec.overlap)],
    ['Runs once', spec.run_once ? 'After one execution that ran to its end it is done' : null],
    ['Spread over', spec.splay ?? null],
    ['Expires after', spec.expires_in ?? null],
    ['If a device is offline', offlineWords(spec)],
    ['Windows', windowWords(spec)],
  ]
  return lines.flatMap(([name, value]) => (value ? [{ name, value }] : []))
}

function missedWords(missed: ScheduleSpec['missed']): string | null {
  if (!missed || missed === 'skip') return null
  if (missed === 'last') return 'The newest is caught up'
  return `The newest ${missed.all.max} are caught up, if not older than ${missed.all.age}`
}

function overlapWords(overlap: ScheduleSpec['overlap']): string {
  if (!overlap || overlap === 'forbid') return 'The new one is skipped'
  if (overlap === 'allow') return 'Both run'
  if (overlap === 'replace') return 'The old one is cancelled'
  return `Up to ${overlap.queue} wait for their turn`
}

function offlineWords({ where, when_offline }: ScheduleSpec): string | null {
  if (where !== 'server') return null
  if (when_offline === 'skip') return 'It is skipped'
  return when_offline === 'fail' ? 'It counts as failed' : 'It waits until the device is back'
}

/** What becomes of a slot during an event of its calendars. */
export function blockedWords({ on_block }: Pick<ScheduleSpec, 'on_block'>): string {
  return on_block === 'defer'
    ? 'A slot during an event waits for its end'
    : 'A slot during an event is skipped'
}

function windowWords({ windows = [], on_block }: ScheduleSpec): string | null {
  if (windows.length === 0) return null
  const each = windows.map(({ days = [], from, until }) => {
    const on = days.length > 0 ? days.map((day) => weekdayNames[day]).join(', ') : 'every day'
    return `${on} ${from} to ${until}`
  })
  return `${each.join('; ')}. A slot outside ${on_block === 'defer' ? 'waits for the next' : 'is skipped'}`
}
