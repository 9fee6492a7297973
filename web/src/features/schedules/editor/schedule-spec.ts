import type { ScheduleSpec, When } from '../../../lib/api/types'
import { toTargets } from '../../devices/target-words'
import { whenOf } from './rule'
import type { ScheduleForm, WindowForm } from './schedule-form'

/** The schedule as it goes to the server. What was left empty, or is as it is without being said, is left out. */
export function specOf(form: ScheduleForm): ScheduleSpec {
  return {
    name: form.name.trim(),
    ...filled('description', form.description),
    task: form.task.trim(),
    ...rulesOf(form),
    ...(form.timezone === 'UTC' ? {} : filled('timezone', form.timezone)),
    targets: toTargets(form.targets),
    ...(form.where === 'device' ? {} : { where: form.where }),
    ...(form.run_once ? { run_once: true } : {}),
    ...missedOf(form),
    ...overlapOf(form),
    ...(form.when_offline === 'queue' ? {} : { when_offline: form.when_offline }),
    ...filled('expires_in', form.expires_in.trim()),
    ...filled('splay', form.splay.trim()),
    ...filled('starts_at', form.starts_at),
    ...filled('ends_at', form.ends_at),
    ...some('windows', form.windows.map(windowOf)),
    ...some('calendars', [...form.calendars]),
    ...(form.on_block === 'skip' ? {} : { on_block: form.on_block }),
  }
}

/** One rule stands at the top, several under `when`. */
function rulesOf({ rules }: ScheduleForm): When & { when?: When[] } {
  const [first, ...others] = rules.map(whenOf)
  if (!first) return {}
  return others.length > 0 ? { when: [first, ...others] } : first
}

function missedOf({ missed, missed_max, missed_age }: ScheduleForm): Pick<ScheduleSpec, 'missed'> {
  if (missed === 'skip') return {}
  return {
    missed: missed === 'last' ? missed : { all: { max: numberOf(missed_max), age: missed_age.trim() } },
  }
}

function overlapOf({ overlap, queue }: ScheduleForm): Pick<ScheduleSpec, 'overlap'> {
  if (overlap === 'forbid') return {}
  return { overlap: overlap === 'queue' ? { queue: numberOf(queue) } : overlap }
}

function windowOf({ days, from, until }: WindowForm) {
  return { ...some('days', [...days]), from: from.trim(), until: until.trim() }
}

/** What is not a number goes out as it was typed: it must not get lost, and the server says at its place what is wrong. */
function numberOf(text: string): number {
  const number = Number(text.trim())
  return text.trim() && Number.isFinite(number) ? number : (text as unknown as number)
}

function filled<Name extends string>(name: Name, text: string) {
  return (text ? { [name]: text } : {}) as { [name in Name]?: string }
}

function some<Name extends string, Item>(name: Name, items: Item[]) {
  return (items.length > 0 ? { [name]: items } : {}) as { [name in Name]?: Item[] }
}
