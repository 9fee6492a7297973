import type { Weekday, When } from '../../../lib/api/types'
import { spanParts } from '../../../lib/time/span'
import { emptyRule, type RuleForm, weekdays, workdays } from './schedule-form'

/** A rule as it goes to the server. What was left empty is left out, for the server to say. */
export function whenOf(rule: RuleForm): When {
  switch (rule.kind) {
    case 'every':
      return rule.amount.trim() ? { every: `${rule.amount.trim()}${rule.unit}` } : {}
    case 'once':
      return rule.at ? { at: rule.at } : {}
    case 'rrule':
      return rule.rrule.trim() ? { rrule: rule.rrule.trim() } : {}
    case 'boot':
      return { boot: true }
    case 'enroll':
      return { enroll: true }
    case 'cron':
      return { ...filled(rule.cron.trim()), ...(rule.seconds ? { seconds: true } : {}) }
    default:
      return filled(cronOf(rule))
  }
}

/** The form of a rule: as one of the common cases where it says exactly that. */
export function ruleOf(when: When): RuleForm {
  if (typeof when.cron === 'string') return cronRule(when.cron, when.seconds ?? false)
  if (typeof when.every === 'string') {
    const parts = spanParts(when.every) ?? ({ amount: when.every, unit: '' } as const)
    return { ...emptyRule('every'), ...parts }
  }
  if (typeof when.at === 'string') return { ...emptyRule('once'), at: when.at }
  if (typeof when.rrule === 'string') return { ...emptyRule('rrule'), rrule: when.rrule.trim() }
  if (when.boot) return emptyRule('boot')
  if (when.enroll) return emptyRule('enroll')
  return { ...emptyRule('cron'), seconds: when.seconds ?? false }
}

/** Whether there is enough of it to ask the server what it means. */
export function isComplete(rule: RuleForm): boolean {
  const { seconds: _, ...rest } = whenOf(rule)
  return Object.keys(rest).length > 0
}

/** The times of day that a rule names, `HH:MM`; none where there are many, or it is not about those. */
export function timesOf(rule: RuleForm): string[] {
  if (rule.kind === 'daily' || rule.kind === 'weekly' || rule.kind === 'monthly') return [rule.time]
  if (rule.kind !== 'cron' || rule.seconds) return []
  const [minutes = '', hours = ''] = rule.cron.trim().split(/\s+/)
  if (!/^[\d,]+$/.test(minutes) || !/^[\d,]+$/.test(hours)) return []
  return hours.split(',').flatMap((hour) => minutes.split(',').map((minute) => `${two(hour)}:${two(minute)}`))
}

function cronOf({ kind, time, days, day }: RuleForm): string {
  const match = /^(\d{2}):(\d{2})/.exec(time)
  if (!match) return ''
  const clock = `${Number(match[2])} ${Number(match[1])}`
  switch (kind) {
    case 'daily':
      return `${clock} * * *`
    case 'weekly':
      return days.length > 0 ? `${clock} * * ${weekdayField(days)}` : ''
    default:
      return day.trim() ? `${clock} ${day.trim()} * *` : ''
  }
}

function weekdayField(days: readonly Weekday[]): string {
  const chosen = weekdays.filter((day) => days.includes(day))
  if (chosen.join() === workdays.join()) return 'MON-FRI'
  return chosen.map((day) => day.toUpperCase()).join(',')
}

function cronRule(cron: string, seconds: boolean): RuleForm {
  const written = { ...emptyRule('cron'), cron: cron.trim(), seconds }
  const common = seconds ? null : commonCase(cron)
  return common && cronOf(common) === cron.trim() ? { ...common, cron: cron.trim() } : written
}

/** What a cron expression may be among the common cases. */
function commonCase(cron: string): RuleForm | null {
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = cron.trim().split(/\s+/)
  if (!/^\d{1,2}$/.test(minute) || !/^\d{1,2}$/.test(hour) || month !== '*') return null
  const time = `${two(hour)}:${two(minute)}`
  if (day === '*' && weekday === '*') return { ...emptyRule('daily'), time }
  if (day === '*') return { ...emptyRule('weekly'), time, days: weekdaysIn(weekday) }
  if (weekday === '*' && /^(\d{1,2}|L)$/.test(day)) return { ...emptyRule('monthly'), time, day }
  return null
}

function weekdaysIn(field: string): Weekday[] {
  if (field === 'MON-FRI') return [...workdays]
  const names = field.split(',')
  return weekdays.filter((day) => names.includes(day.toUpperCase()))
}

function two(number: string): string {
  return number.padStart(2, '0')
}

function filled(cron: string): When {
  return cron ? { cron } : {}
}
