import { expect, test } from 'vitest'
import { barOf, destinations, destinationsOf, homeOf, signOf } from './navigation'

const signedIn = ['me.read', 'me.write', 'keys.read', 'keys.write', 'events.read', 'quiet.read']
const readOnly = [
  ...signedIn,
  'device-groups.read',
  'devices.read',
  'secrets.read',
  'tasks.read',
  'schedules.read',
  'runs.read',
  'item-types.read',
  'items.read',
  'webhooks.read',
]
const selfService = [
  ...readOnly,
  'runs.start',
  'runs.cancel',
  'items.create',
  'items.update',
  'items.comment',
  'items.decide',
]
const admin = [
  ...selfService,
  'devices.write',
  'devices.enroll',
  'secrets.write',
  'tasks.write',
  'schedules.write',
  'runs.exec',
  'item-types.write',
  'webhooks.write',
]
const superUser = [
  ...admin,
  'organizations.read',
  'organizations.write',
  'users.read',
  'users.write',
  'groups.read',
  'groups.write',
  'audit.read',
  'device-groups.write',
]
const operator = [...superUser, 'organizations.manage', 'quiet.end']

const work = [
  'Inbox',
  'Devices',
  'Tasks',
  'Schedules',
  'Runs',
  'Secrets',
  'Item types',
  'Webhooks',
  'API keys',
]

test.each([
  { who: 'somebody without access', can: signedIn, menu: ['API keys'] },
  { who: 'read-only', can: readOnly, menu: [...work, 'Device groups'] },
  { who: 'self-service', can: selfService, menu: [...work, 'Device groups'] },
  { who: 'an admin', can: admin, menu: [...work, 'Device groups'] },
  { who: 'a super user', can: superUser, menu: [...work, 'Users', 'Groups', 'Device groups', 'Audit log'] },
  {
    who: 'an operator',
    can: operator,
    menu: [...work, 'Users', 'Groups', 'Device groups', 'Audit log', 'Organizations'],
  },
  {
    who: 'read-only in one device group and nothing else',
    can: readOnly.filter((verb) => !/^(secrets|items|item-types|webhooks)\./.test(verb)),
    menu: ['Devices', 'Tasks', 'Schedules', 'Runs', 'API keys', 'Device groups'],
  },
  {
    who: 'somebody who decides over one type of items and does nothing else',
    can: [...signedIn, 'item-types.read', 'items.read', 'items.create', 'items.comment', 'items.decide'],
    menu: ['Inbox', 'Item types', 'API keys'],
  },
])('the menu of $who', ({ can, menu }) => {
  expect(destinationsOf(can).map(({ label }) => label)).toEqual(menu)
})

test('every place has a key of its own', () => {
  expect(new Set(destinations.map(({ key }) => key)).size).toBe(destinations.length)
})

test('five places fit into the bar of a phone; of more the first four, and the rest opens above it', () => {
  const five = destinations.slice(0, 5)
  expect(barOf(five)).toEqual({ first: five, rest: [] })
  const { first, rest } = barOf(destinations)
  expect(first.map(({ label }) => label)).toEqual(['Inbox', 'Devices', 'Tasks', 'Schedules'])
  expect(rest).toHaveLength(10)
})

test('a sign says how many there are, and nothing where there are none', () => {
  expect([0, 1, 99, 100].map(signOf)).toEqual([undefined, '1', '99', '99+'])
})

test('one begins with the devices, or with the first place that one may see', () => {
  expect(homeOf(readOnly)).toBe('/devices')
  expect(homeOf(['items.read', 'keys.read'])).toBe('/inbox')
  expect(homeOf(['keys.read'])).toBe('/devices')
  expect(homeOf([])).toBe('/devices')
})
