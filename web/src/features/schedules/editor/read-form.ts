import type { OnBlock, When, WhenOffline, Where } from '../../../lib/api/types'
import { Fields, lineOf, NotForTheForm } from '../../../lib/draft/read-fields'
import { ruleOf } from './rule'
import {
  emptyForm,
  emptyRule,
  emptyWindow,
  type MissedWord,
  type OverlapWord,
  type RuleForm,
  type ScheduleForm,
  type WindowForm,
  weekdays,
} from './schedule-form'

const wheres: readonly Where[] = ['device', 'server']
const offlines: readonly WhenOffline[] = ['queue', 'skip', 'fail']
const blocks: readonly OnBlock[] = ['skip', 'defer']

/**
 * The form of a schedule as it was read or written by hand. Whatever would be lost or changed in the form throws
 * NotForTheForm; what is only missing is an empty field, for the server to judge.
 */
export function readForm(schedule: unknown): ScheduleForm {
  const fields = new Fields(schedule, '')
  const empty = emptyForm('UTC')
  const form: ScheduleForm = {
    name: fields.word('name'),
    description: fields.text('description'),
    task: fields.word('task'),
    rules: readRules(fields),
    timezone: fields.word('timezone') || 'UTC',
    targets: fields.has('targets') ? readTargets(fields.object('targets')) : {},
    where: fields.oneOf('where', wheres) ?? empty.where,
    run_once: fields.flag('run_once'),
    ...readMissed(fields, empty),
    ...readOverlap(fields, empty),
    when_offline: fields.oneOf('when_offline', offlines) ?? empty.when_offline,
    expires_in: fields.word('expires_in'),
    splay: fields.word('splay'),
    starts_at: readMoment(fields, 'starts_at'),
    ends_at: readMoment(fields, 'ends_at'),
    windows: fields.list('windows').map(([window, at]) => readWindow(window, at)),
    calendars: fields.list('calendars').map(([name, at]) => lineOf(name, at)),
    on_block: fields.oneOf('on_block', blocks) ?? empty.on_block,
  }
  fields.end()
  return form
}

function readRules(fields: Fields): RuleForm[] {
  const top = readWhen(fields)
  const list = fields.list('when').map(([when, at]) => {
    const inner = new Fields(when, at)
    const read = readWhen(inner)
    inner.end()
    return ruleOf(read)
  })
  const isTop = Object.keys(top).length > 0
  if (isTop && list.length > 0) throw new NotForTheForm('/when', 'a rule stands at the top as well')
  if (list.length > 0) return list
  return [isTop ? ruleOf(top) : emptyRule('cron')]
}

function readWhen(fields: Fields): When {
  const rule: When = {
    ...(fields.has('cron') && { cron: fields.word('cron') }),
    ...(fields.has('every') && { every: fields.word('every') }),
    ...(fields.has('at') && { at: readMoment(fields, 'at') }),
    ...(fields.has('rrule') && { rrule: fields.text('rrule') }),
    ...(fields.flag('boot') && { boot: true }),
    ...(fields.flag('enroll') && { enroll: true }),
  }
  const seconds = fields.flag('seconds')
  const names = Object.keys(rule)
  if (names.length > 1) throw new NotForTheForm(`${fields.at}/${names[1]}`, `${names[0]} is given as well`)
  if (seconds && names.some((name) => name !== 'cron')) {
    throw new NotForTheForm(`${fields.at}/seconds`, 'only cron has a field for seconds')
  }
  return { ...rule, ...(seconds && { seconds }) }
}

function readTargets(fields: Fields) {
  const targets = {
    devices: fields.list('devices').map(([device, at]) => lineOf(device, at)),
    groups: fields.list('groups').map(([group, at]) => lineOf(group, at)),
    selector: fields.word('selector'),
  }
  fields.end()
  return {
    ...(targets.devices.length > 0 && { devices: targets.devices }),
    ...(targets.groups.length > 0 && { groups: targets.groups }),
    ...(targets.selector && { selector: targets.selector }),
  }
}

function readMissed(fields: Fields, empty: ScheduleForm) {
  const { missed_max, missed_age } = empty
  if (!fields.isObject('missed')) {
    const missed: MissedWord = fields.oneOf('missed', ['skip', 'last'] as const) ?? 'skip'
    return { missed, missed_max, missed_age }
  }
  const outer = fields.object('missed')
  const all = outer.object('all')
  const read = { missed: 'all' as const, missed_max: all.number('max'), missed_age: all.word('age') }
  all.end()
  outer.end()
  return read
}

function readOverlap(fields: Fields, empty: ScheduleForm) {
  if (!fields.isObject('overlap')) {
    const overlap: OverlapWord = fields.oneOf('overlap', ['allow', 'forbid', 'replace'] as const) ?? 'forbid'
    return { overlap, queue: empty.queue }
  }
  const outer = fields.object('overlap')
  const read = { overlap: 'queue' as const, queue: outer.number('queue') }
  outer.end()
  return read
}

function readWindow(window: unknown, at: string): WindowForm {
  const fields = new Fields(window, at)
  const form = {
    ...emptyWindow(),
    days: fields.list('days').map(([day, place]) => {
      const known = weekdays.find((each) => each === day)
      if (!known) throw new NotForTheForm(place, `it is none of ${weekdays.join(', ')}`)
      return known
    }),
    from: fields.word('from'),
    until: fields.word('until'),
  }
  fields.end()
  return form
}

/** What is no moment has no place in a field for dates. The server writes milliseconds, nobody else does. */
function readMoment(fields: Fields, name: string): string {
  const text = fields.word(name)
  if (text && Number.isNaN(Date.parse(text)))
    throw new NotForTheForm(`${fields.at}/${name}`, 'it is no moment')
  return text.replace(/\.000Z$/, 'Z')
}
