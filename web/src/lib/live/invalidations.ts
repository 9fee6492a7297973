import type { QueryKey } from '@tanstack/react-query'

/** What the server tells of: `{"name", "subject", "at", "data"}`. */
export interface ServerEvent {
  name: string
  /** Id of the device, task, run, secret or key. */
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
  'secret.changed',
  'secret.removed',
  'key.created',
  'key.removed',
  'quiet.ended',
] as const

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
      ]
      // A run that begins or ends changes how much waits for its devices.
      return event.name === 'run.changed' ? keys : [...keys, ['devices']]
    }
    case 'task':
      return [['tasks']]
    case 'secret':
      return [['secrets']]
    case 'key':
      return [['keys']]
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
