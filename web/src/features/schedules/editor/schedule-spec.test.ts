import { expect, test } from 'vitest'
import type { ScheduleSpec, When } from '../../../lib/api/types'
import { readYaml, writeYaml } from '../../../lib/draft/yaml-text'
import { readForm } from './read-form'
import { isComplete, ruleOf, timesOf, whenOf } from './rule'
import { emptyForm, emptyRule, type RuleKind } from './schedule-form'
import { specOf } from './schedule-spec'

const least: ScheduleSpec = {
  name: 'nightly',
  task: 'backup',
  cron: '0 2 * * *',
  targets: { devices: ['web-1'] },
}

const rules: [RuleKind, When][] = [
  ['every', { every: '15m' }],
  ['every', { every: '1500ms' }],
  ['daily', { cron: '30 2 * * *' }],
  ['weekly', { cron: '0 18 * * MON-FRI' }],
  ['weekly', { cron: '5 0 * * SAT,SUN' }],
  ['monthly', { cron: '0 9 1 * *' }],
  ['monthly', { cron: '0 9 L * *' }],
  ['once', { at: '2027-03-28T01:30:00Z' }],
  ['cron', { cron: '*/5 9-17 * * MON-FRI' }],
  ['cron', { cron: '05 2 * * *' }],
  ['cron', { cron: '0 2 * * fri' }],
  ['cron', { cron: '@daily' }],
  ['cron', { cron: '30 0 2 * * *', seconds: true }],
  ['rrule', { rrule: 'DTSTART:20270101T090000\nRRULE:FREQ=MONTHLY;BYDAY=-1FR' }],
  ['boot', { boot: true }],
  ['enroll', { enroll: true }],
]

test.each(rules)('a rule of the kind %s says the same again: %o', (kind, when) => {
  expect(ruleOf(when).kind).toBe(kind)
  expect(whenOf(ruleOf(when))).toEqual(when)
  expect(isComplete(ruleOf(when))).toBe(true)
  const { cron: _, ...rest } = least
  expect(specOf(readForm({ ...rest, ...when }))).toEqual({ ...rest, ...when })
})

test('a length of time is one number of a unit', () => {
  expect(ruleOf({ every: '1h30m' })).toMatchObject({ kind: 'every', amount: '90', unit: 'm' })
  expect(ruleOf({ every: '86400s' })).toMatchObject({ amount: '1', unit: 'd' })
})

test('all that can be said comes back from the form and from its YAML', () => {
  const all: ScheduleSpec = {
    name: 'nightly',
    description: 'Copies what matters.\nTwice.',
    task: 'backup',
    when: [{ cron: '30 2 * * *' }, { every: '6h' }, { boot: true }],
    timezone: 'Europe/Berlin',
    targets: { devices: ['web-1', 'dev_1'], groups: ['production'], selector: 'role=web' },
    run_once: true,
    missed: { all: { max: 3, age: '2d' } },
    overlap: { queue: 2 },
    when_offline: 'skip',
    expires_in: '1h',
    splay: '10m',
    starts_at: '2027-01-01T00:00:00Z',
    ends_at: '2027-12-31T23:00:00Z',
    windows: [
      { days: ['sat', 'sun'], from: '22:00', until: '24:00' },
      { from: '01:00', until: '05:00' },
    ],
    calendars: ['holidays'],
    on_block: 'defer',
  }
  expect(specOf(readForm(all))).toEqual(all)
  expect(readYaml(writeYaml(all))).toEqual({ value: all })
  const others = {
    ...least,
    where: 'server',
    missed: 'last',
    overlap: 'replace',
    when_offline: 'fail',
  } as const
  expect(specOf(readForm(others))).toEqual(others)
  expect(specOf(readForm({ ...least, overlap: 'allow', timezone: 'device' }))).toMatchObject({
    overlap: 'allow',
    timezone: 'device',
  })
})

test('what the server says without being told is left out again', () => {
  const shown = {
    ...least,
    targets: { devices: ['web-1'], groups: [], selector: null },
    where: 'device',
    run_once: false,
    missed: 'skip',
    overlap: 'forbid',
    when_offline: 'queue',
    on_block: 'skip',
  }
  expect(specOf(readForm(shown))).toEqual(least)
})

test('what would be lost in the form is not taken into it', () => {
  for (const [lost, pointer] of [
    [{ color: 'red' }, '/color'],
    [{ every: '5m' }, '/every'],
    [{ when: [{ boot: true }] }, '/when'],
    [{ missed: { all: { max: 1, age: '1d', more: 1 } } }, '/missed/all/more'],
    [{ starts_at: 'tomorrow' }, '/starts_at'],
    [{ windows: [{ days: ['monday'], from: '1:00', until: '2:00' }] }, '/windows/0/days/0'],
  ] as const) {
    expect(() => readForm({ ...least, ...lost }), pointer).toThrow(expect.objectContaining({ pointer }))
  }
})

test('a form that was just begun has no rule to ask about until there is one', () => {
  expect(isComplete(emptyRule('cron'))).toBe(false)
  expect(isComplete({ ...emptyRule('cron'), seconds: true })).toBe(false)
  expect(isComplete({ ...emptyRule('weekly'), days: [] })).toBe(false)
  expect(isComplete(emptyRule('daily'))).toBe(true)
  expect(specOf(emptyForm('UTC'))).toEqual({ name: '', task: '', cron: '0 2 * * *', targets: {} })
})

test('the times of day that a rule names are known where they are few', () => {
  expect(timesOf({ ...emptyRule('daily'), time: '02:30' })).toEqual(['02:30'])
  expect(timesOf({ ...emptyRule('cron'), cron: '0,30 2 * * MON' })).toEqual(['02:00', '02:30'])
  expect(timesOf({ ...emptyRule('cron'), cron: '*/5 2 * * *' })).toEqual([])
})
