import type { QueryKey } from '@tanstack/react-query'

/** What the server tells of: `{"name", "subject", "at", "data"}`. */
export interface ServerEvent {
  name: string
  /** Id of the device, task, schedule, run, secret, key, user, group or organization. */
  subject: string
}

export const eventNames = [
  'device.enrolled',
  'device.online',
  'device.offline',
  'device.changed',
  'device.quarantined',
  'device.removed',
  'run.started',
  'run.changed',
  'run.finished',
  'task.changed',
  'task.removed',
  'schedule.created',
  'schedule.changed',
  'schedule.paused',
  'schedule.resumed',
  'schedule.removed',
  'schedule.done',
  'schedule.assigned',
  'schedule.held',
  'schedule.slots',
  'secret.changed',
  'secret.removed',
  'key.created',
  'key.removed',
  'user.created',
  'user.changed',
  'user.removed',
  'group.created',
  'group.changed',
  'group.removed',
  'group.member_added',
  'group.member_removed',
  'group.override_set',
  'device_group.created',
  'device_group.changed',
  'device_group.removed',
  'device_group.device_added',
  'device_group.device_removed',
  'organization.changed',
  'quiet.ended',
] as const

/** What one is and may do. */
export const ownRights: QueryKey = ['me']

/** What is told of schedules that changes whenever one fires. */
const schedulesThatFired: QueryKey[] = [
  ['schedules', 'list'],
  ['schedules', 'one'],
  ['schedules', 'upcoming'],
  ['schedules', 'devices'],
]

/** The queries whose answers an event has made old. */
export function staleAfter(event: ServerEvent): QueryKey[] {
  const [kind] = event.name.split('.')
  switch (kind) {
    case 'device':
      return [['devices']]
    case 'run': {
      const keys: QueryKey[] = [
        ['runs', 'list'],
        ['runs', 'one', event.subject],
        ['runs', 'executions', event.subject],
        ['runs', 'groups', event.subject],
        // It may be the run of a slot, and devices tell of those that they fired by nothing else.
        ['schedules', 'slots'],
      ]
      // A run that begins or ends changes how much waits for its devices.
      return event.name === 'run.changed' ? keys : [...keys, ['devices'], ...schedulesThatFired]
    }
    case 'task':
      // A schedule tells of the version that it runs.
      return [['tasks'], ['schedules']]
    case 'schedule':
      if (event.name !== 'schedule.slots') return [['schedules']]
      return [['schedules', 'slots', event.subject], ...schedulesThatFired]
    case 'secret':
      return [['secrets']]
    case 'key':
      return [['keys']]
    case 'user':
      return [['users'], ['groups'], ['access'], ownRights]
    case 'group':
      // What one may do with a device is told with the device.
      return [['groups'], ['users'], ['devices'], ['device-groups'], ['access'], ownRights]
    case 'device_group':
      // What groups of users may do there goes with it, and so may what one may do oneself.
      return [['device-groups'], ['devices'], ['groups'], ['access'], ownRights]
    case 'organization':
      return [['organizations'], ownRights]
    case 'quiet':
      // What waited has been decided.
      return [['quiet'], ['runs'], ['devices']]
    default:
      return []
  }
}

/** Reads an event; null for what is not one. */
export function parseEvent(data: string): ServerEvent | null {
  try {
    const event: unknown = JSON.parse(data)
    if (typeof event !== 'object' || event === null) return null
    if (!('name' in event) || typeof event.name !== 'string') return null
    return { name: event.name, subject: 'subject' in event ? String(event.subject) : '' }
  } catch {
    return null
  }
}
