import type { QueryKey } from '@tanstack/react-query'

/** What the server tells of: `{"name", "subject", "at", "data"}`. */
export interface ServerEvent {
  name: string
  /** Id of the device, task, schedule, calendar, run, item, item type, webhook, secret, key, user, group or organization. */
  subject: string
  /** What more is told; of a changed run which execution is in which state now. */
  data?: Record<string, unknown>
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
  'queue.purged',
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
  'calendar.created',
  'calendar.changed',
  'calendar.removed',
  'item.created',
  'item.updated',
  'item.commented',
  'item.assigned',
  'item.moved',
  'item.snoozed',
  'item.resolved',
  'item.cancelled',
  'item.timed_out',
  'item.merged',
  'item.type_changed',
  'item.erased',
  'item.viewed',
  'item_type.created',
  'item_type.changed',
  'item_type.removed',
  'webhook.created',
  'webhook.changed',
  'webhook.key_changed',
  'webhook.given_up',
  'webhook.removed',
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

const schedulesWritten = ['schedule.created', 'schedule.changed', 'schedule.removed']

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
        ['runs', 'queue'],
        // It may be the run of a slot, and devices tell of those that they fired by nothing else.
        ['schedules', 'slots'],
      ]
      // Which execution was the last one is not told.
      if (event.name === 'run.finished') keys.push(['runs', 'grid', event.subject])
      // A run that begins or ends changes how much waits for its devices, and so does what leaves the queue of one.
      const isAboutQueues = event.name !== 'run.changed' || leavesQueue(event.data?.state)
      if (isAboutQueues) keys.push(['devices'])
      return event.name === 'run.changed' ? keys : [...keys, ...schedulesThatFired]
    }
    case 'queue':
      return [['runs', 'queue', event.subject], ['devices']]
    case 'task':
      // A schedule tells of the version that it runs.
      return [['tasks'], ['schedules']]
    case 'schedule':
      // A calendar tells how many schedules name it.
      if (schedulesWritten.includes(event.name)) return [['schedules'], ['calendars']]
      if (event.name !== 'schedule.slots') return [['schedules']]
      return [['schedules', 'slots', event.subject], ...schedulesThatFired]
    case 'calendar':
      // What a schedule with it will do is another thing now, and so is what one would do.
      return [['calendars'], ['schedules'], ['schedule-simulation']]
    case 'item':
      // Somebody looks at it, or not any more: nothing else has changed.
      if (event.name === 'item.viewed') return [['items', 'one', event.subject]]
      return [
        ['items', 'list'],
        ['items', 'counts'],
        ['items', 'last-closed'],
        // The one that it became one with lists it; which one that is is not told.
        event.name === 'item.merged' ? ['items', 'one'] : ['items', 'one', event.subject],
        ['items', 'log', event.subject],
        // A type tells how many of its items are open.
        ...(changesOpenCount(event.name) ? [['item-types']] : []),
      ]
    case 'item_type':
      // Items tell what may be done with them, and which version of their type is the newest.
      return [['item-types'], ['items']]
    case 'webhook':
      return [['webhooks']]
    case 'secret':
      return [['secrets']]
    case 'key':
      return [['keys']]
    case 'user':
      return [['users'], ['groups'], ['access'], ownRights]
    case 'group':
      // What one may do with a device is told with the device.
      return [
        ...[['groups'], ['users'], ['devices'], ['device-groups'], ['items'], ['item-types'], ['access']],
        ownRights,
      ]
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

/** Whether an item was opened or is over, or has another version of its type. */
function changesOpenCount(name: string): boolean {
  return !['item.updated', 'item.commented', 'item.assigned', 'item.moved', 'item.snoozed'].includes(name)
}

function leavesQueue(state: unknown): boolean {
  return state === 'dispatched' || state === 'cancelled' || state === 'expired'
}

/** Reads an event; null for what is not one. */
export function parseEvent(data: string): ServerEvent | null {
  try {
    const event: unknown = JSON.parse(data)
    if (typeof event !== 'object' || event === null) return null
    if (!('name' in event) || typeof event.name !== 'string') return null
    const subject = 'subject' in event ? String(event.subject) : ''
    const told = 'data' in event && typeof event.data === 'object' && event.data !== null
    return { name: event.name, subject, ...(told && { data: event.data as Record<string, unknown> }) }
  } catch {
    return null
  }
}
