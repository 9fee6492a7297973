import type { AuditActor, AuditEntry } from '../../lib/api/types'
import { verbWords } from '../access/verbs'

type Detail = AuditEntry['detail']

/** What was done, after the name of who did it: `changed the group Support`. */
const sentences: Record<string, (detail: Detail) => string> = {
  'access.refused': (detail) => `may not ${verbWords(text(detail.verb))}, and tried`,
  'user.signed_in': () => 'signed in',
  'user.created': (detail) => `made the user ${text(detail.username)}`,
  'user.changed': (detail) => `changed the user ${text(detail.username)}`,
  'user.removed': (detail) => `removed the user ${text(detail.username)}`,
  'user.invited': (detail) => `made a link to a password for ${text(detail.username)}`,
  'user.password_set': (detail) => `set ${detail.first === true ? 'a first' : 'a new'} password`,
  'session.removed': (detail) => (detail.username ? `signed out ${text(detail.username)}` : 'signed out'),
  'group.created': (detail) => `made the group ${text(detail.name)}`,
  'group.changed': (detail) => `changed the group ${text(detail.name)}`,
  'group.removed': (detail) => `removed the group ${text(detail.name)}`,
  'group.member_added': (detail) => `put ${text(detail.username)} into the group ${text(detail.name)}`,
  'group.member_removed': (detail) => `took ${text(detail.username)} out of the group ${text(detail.name)}`,
  'group.override_set': (detail) =>
    `set what ${text(detail.name)} may do in the device group ${nameOf(detail.device_group)}`,
  'device_group.created': (detail) => `made the device group ${text(detail.name)}`,
  'device_group.changed': (detail) => `changed the device group ${text(detail.name)}`,
  'device_group.removed': (detail) => `removed the device group ${text(detail.name)}`,
  'device_group.device_added': (detail) =>
    `put ${nameOf(detail.device)} into the device group ${text(detail.name)}`,
  'device_group.device_removed': (detail) =>
    `took ${nameOf(detail.device)} out of the device group ${text(detail.name)}`,
  'organization.created': (detail) => `made the organization ${text(detail.name)}`,
  'organization.changed': (detail) => `changed the organization ${nameOf(detail.after)}`,
  'key.created': (detail) => `made the API key ${text(detail.name)}`,
  'key.removed': (detail) => `removed the API key ${text(detail.name)}`,
  'enroll_token.created': () => 'made a token to enrol devices',
  'device.enrolled': (detail) => `enrolled as the device ${text(detail.name)}`,
  'device.rekeyed': (detail) => `got new keys as the device ${text(detail.name)}`,
  'device.changed': (detail) => `changed the device ${nameOf(detail.after) || text(detail.name)}`,
  'device.removed': (detail) => `removed the device ${text(detail.name)}`,
  'task.created': (detail) => `made the task ${text(detail.name)}`,
  'task.changed': (detail) => `changed the task ${text(detail.name)}`,
  'task.removed': (detail) => `removed the task ${text(detail.name)}`,
  'schedule.created': (detail) => `made the schedule ${text(detail.name)}`,
  'schedule.changed': (detail) => `changed the schedule ${text(detail.name)}`,
  'schedule.paused': (detail) => `paused the schedule ${text(detail.name)}`,
  'schedule.resumed': (detail) => `resumed the schedule ${text(detail.name)}`,
  'schedule.removed': (detail) => `removed the schedule ${text(detail.name)}`,
  'schedule.done': (detail) => `is done with the schedule ${text(detail.name)}`,
  'calendar.created': (detail) => `made the calendar ${text(detail.name)}`,
  'calendar.changed': (detail) => `changed the calendar ${text(detail.name)}`,
  'calendar.removed': (detail) => `removed the calendar ${text(detail.name)}`,
  'item.resolved': (detail) =>
    `decided over an item of the type ${text(detail.type)}: ${text(detail.resolution)}`,
  'item.cancelled': (detail) => `took back an item of the type ${text(detail.type)}`,
  'item_type.created': (detail) => `made the item type ${text(detail.name)}`,
  'item_type.changed': (detail) => `changed the item type ${text(detail.name)}`,
  'item_type.removed': (detail) => `removed the item type ${text(detail.name)}`,
  'webhook.created': (detail) => `made the webhook ${text(detail.name)}`,
  'webhook.changed': (detail) => `changed the webhook ${text(detail.name)}`,
  'webhook.key_changed': (detail) => `changed the key of the webhook ${text(detail.name)}`,
  'webhook.given_up': (detail) => `gave up the webhook ${text(detail.name)}`,
  'webhook.resent': () => 'sent a delivery of a webhook again',
  'webhook.recovered': () => 'recovered deliveries of a webhook',
  'webhook.removed': (detail) => `removed the webhook ${text(detail.name)}`,
  'run.started': (detail) => `started ${nameOf(detail.task)}`,
  'run.cancelled': () => 'cancelled a run',
  'execution.cancelled': (detail) => `cancelled a run on ${nameOf(detail.device)}`,
  'queue.purged': (detail) => `cancelled all that waited for ${text(detail.name)}`,
  'secret.changed': (detail) => `set the secret ${text(detail.name)}`,
  'secret.removed': (detail) => `removed the secret ${text(detail.name)}`,
  'quiet.ended': () => 'let the restored server go on',
}

const nouns = [...new Set(Object.keys(sentences).map((action) => `${action.split('.')[0]}.*`))]

/** The actions that have words here, and all of a kind, for choosing one. */
export const knownActions = [...nouns, ...Object.keys(sentences)].sort()

/** What was done, in words; an action that is not known here stands for itself. */
export function whatWords({ action, detail }: Pick<AuditEntry, 'action' | 'detail'>): string {
  const words = sentences[action]?.(detail) ?? action
  return words.replace(/\s+/g, ' ').trim()
}

export function isRefused({ action }: Pick<AuditEntry, 'action'>): boolean {
  return action === 'access.refused'
}

const kinds: Record<string, string> = {
  key: 'by an API key',
  device: 'a device',
  host: 'on the server itself',
  system: 'the server',
}

/** What kind of actor it was, where it was not simply a person in a browser. */
export function kindWords({ kind }: Pick<AuditActor, 'kind'>): string | null {
  return kind === 'user' ? null : (kinds[kind] ?? kind)
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

function nameOf(value: unknown): string {
  return typeof value === 'object' && value !== null && 'name' in value ? text(value.name) : ''
}
