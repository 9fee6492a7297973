import type { Firing } from '../../../lib/api/types'
import { wallMs, wallOf } from '../../../lib/time/zone'

/** What a change of the clocks does to a slot, in words; null where there is none. `times` are those that its rules name, `HH:MM`. */
export function dstWords(firing: Firing, timeZone: string, times: readonly string[]): string | null {
  const at = new Date(firing.at)
  const time = wallOf(at, timeZone).slice(11)
  if (firing.dst === 'overlap') return `${time} comes twice that day: it fires the first time`
  if (firing.dst !== 'gap') return null
  const jumped = jumpedOver(at, timeZone)
  const wanted = jumped && times.filter((each) => each >= jumped.from && each < jumped.until)
  if (wanted && wanted.length > 0) {
    return `${wanted.join(' and ')} ${wanted.length === 1 ? 'does' : 'do'} not exist that day: fires ${time}`
  }
  return `The clocks go forward that day and its time does not exist: fires ${time}`
}

/** The times of day that do not exist because the clocks went forward right before `at`, which is where they go on. */
function jumpedOver(at: Date, timeZone: string): { from: string; until: string } | null {
  const before = wallMs(at.getTime() - 1, timeZone) + 1
  const after = wallMs(at.getTime(), timeZone)
  if (after <= before) return null
  const clock = (ms: number) => new Date(ms).toISOString().slice(11, 16)
  return { from: clock(before), until: clock(after) }
}
