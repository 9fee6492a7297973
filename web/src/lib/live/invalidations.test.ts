import { expect, test } from 'vitest'
import { eventNames, parseEvent, staleAfter } from './invalidations'

test('a device that comes online makes what is known of devices old', () => {
  expect(staleAfter({ name: 'device.online', subject: 'dev_1' })).toEqual([['devices']])
})

test('a change of one run leaves other runs alone', () => {
  const keys = staleAfter({ name: 'run.changed', subject: 'run_1' })
  expect(keys).toContainEqual(['runs', 'one', 'run_1'])
  expect(keys).toContainEqual(['runs', 'groups', 'run_1'])
  expect(keys).not.toContainEqual(['runs'])
  expect(keys).not.toContainEqual(['devices'])
})

test('what leaves the queue of a device changes what is known of devices', () => {
  const changed = (state: string) =>
    staleAfter({ name: 'run.changed', subject: 'run_1', data: { execution: 'exe_1', state } })
  for (const state of ['dispatched', 'cancelled', 'expired'])
    expect(changed(state)).toContainEqual(['devices'])
  for (const state of ['running', 'succeeded', 'failed'])
    expect(changed(state)).not.toContainEqual(['devices'])
  expect(staleAfter({ name: 'queue.purged', subject: 'dev_1' })).toContainEqual(['runs', 'queue', 'dev_1'])
})

test('a grid is not read again for every device, only when its run is over', () => {
  const grid = ['runs', 'grid', 'run_1']
  expect(staleAfter({ name: 'run.changed', subject: 'run_1' })).not.toContainEqual(grid)
  expect(staleAfter({ name: 'run.finished', subject: 'run_1' })).toContainEqual(grid)
})

test('a run that ends changes what waits for devices', () => {
  expect(staleAfter({ name: 'run.finished', subject: 'run_1' })).toContainEqual(['devices'])
})

test('a changed role bites at once: what one may do is read anew, and what may be done with devices', () => {
  for (const name of ['group.changed', 'group.override_set', 'group.member_removed']) {
    const keys = staleAfter({ name, subject: 'grp_1' })
    for (const key of [['me'], ['devices'], ['groups'], ['users']]) expect(keys, name).toContainEqual(key)
  }
  expect(staleAfter({ name: 'user.changed', subject: 'usr_1' })).toContainEqual(['me'])
  expect(staleAfter({ name: 'device_group.removed', subject: 'dgr_1' })).toContainEqual(['devices'])
  expect(staleAfter({ name: 'organization.changed', subject: 'org_1' })).toContainEqual(['organizations'])
})

test('a schedule that fires is told by its slots, or by the run of one', () => {
  expect(staleAfter({ name: 'schedule.slots', subject: 'sch_1' })).toContainEqual([
    'schedules',
    'slots',
    'sch_1',
  ])
  expect(staleAfter({ name: 'run.changed', subject: 'run_1' })).toContainEqual(['schedules', 'slots'])
  expect(staleAfter({ name: 'run.started', subject: 'run_1' })).toContainEqual(['schedules', 'list'])
  expect(staleAfter({ name: 'schedule.paused', subject: 'sch_1' })).toEqual([['schedules']])
})

test('a calendar that changes makes old what schedules will do, and a schedule that is written how many name it', () => {
  const keys = staleAfter({ name: 'calendar.changed', subject: 'cal_1' })
  for (const key of [['calendars'], ['schedules'], ['schedule-simulation']]) expect(keys).toContainEqual(key)
  expect(staleAfter({ name: 'schedule.changed', subject: 'sch_1' })).toContainEqual(['calendars'])
})

test('an item that changes makes its lists, its counts and itself old, and no other item', () => {
  const keys = staleAfter({ name: 'item.commented', subject: 'itm_1' })
  for (const key of [
    ['items', 'list'],
    ['items', 'counts'],
    ['items', 'one', 'itm_1'],
    ['items', 'log', 'itm_1'],
  ]) {
    expect(keys).toContainEqual(key)
  }
  expect(keys).not.toContainEqual(['items'])
  expect(keys).not.toContainEqual(['item-types'])
  expect(staleAfter({ name: 'item.resolved', subject: 'itm_1' })).toContainEqual(['item-types'])
})

test('an item that became one with another makes the other one old too, whichever it is', () => {
  expect(staleAfter({ name: 'item.merged', subject: 'itm_1' })).toContainEqual(['items', 'one'])
})

test('who looks at an item changes nothing but that', () => {
  expect(staleAfter({ name: 'item.viewed', subject: 'itm_1' })).toEqual([['items', 'one', 'itm_1']])
})

test('a webhook that is given up makes old what is known of webhooks', () => {
  expect(staleAfter({ name: 'webhook.given_up', subject: 'whk_1' })).toEqual([['webhooks']])
})

test('every event that we listen to makes something old', () => {
  for (const name of eventNames) expect(staleAfter({ name, subject: 'x' }), name).not.toEqual([])
})

test('what is not an event is passed over', () => {
  expect(parseEvent('{')).toBeNull()
  expect(parseEvent('[]')).toBeNull()
  expect(parseEvent('{"name":"task.changed","subject":"tsk_1"}')).toEqual({
    name: 'task.changed',
    subject: 'tsk_1',
  })
  expect(parseEvent('{"name":"run.changed","subject":"run_1","data":{"state":"failed"}}')?.data).toEqual({
    state: 'failed',
  })
})
