import type {
  Delivery,
  DeliveryAttempt,
  DeliveryState,
  Webhook,
  WebhookKey,
  WebhookSpec,
  WebhookState,
} from '../../lib/api/types'
import { durationLabel } from '../../lib/time/relative'
import { count, someOf } from '../../lib/words'
import type { TagTone } from '../../ui/tag'

export const stateWords: Record<WebhookState, { words: string; tone: TagTone }> = {
  active: { words: 'active', tone: 'good' },
  disabled: { words: 'disabled', tone: 'neutral' },
  given_up: { words: 'given up', tone: 'bad' },
}

export const deliveryWords: Record<DeliveryState, { words: string; tone: TagTone }> = {
  waiting: { words: 'waiting', tone: 'waiting' },
  delivered: { words: 'delivered', tone: 'good' },
  failed: { words: 'failed', tone: 'bad' },
  dropped: { words: 'dropped', tone: 'neutral' },
}

export const bodyWords = {
  full: 'The whole item',
  thin: 'Ids, states and numbers alone',
  template: 'What a template makes of it',
}

export const signingWords = {
  hmac: 'HMAC-SHA256 (v1): both sides hold the secret',
  ed25519: 'Ed25519 (v1a): the receiver holds a public key alone',
}

/** What an application's own key looks like, by the signing of the webhook. */
export const ownKeyHints = {
  hmac: 'It begins with whsec_: both sides hold it.',
  ed25519: 'Its public key, which begins with whpk_.',
}

/** How a key signs; of an application that keeps its private half, what its public one is for. */
export function keyWords({ signing, imported }: Pick<WebhookKey, 'signing' | 'imported'>): string {
  return imported && signing === 'ed25519'
    ? 'Ed25519 (v1a): verifies what the application posts'
    : signingWords[signing]
}

/** What is so once a webhook has an application's own key. */
export function ownKeyTold({ inbound_url, spec }: Pick<Webhook, 'inbound_url' | 'spec'>): string {
  const said = [
    'The webhook has the application’s own key.',
    inbound_url && 'Posts that are signed with it are taken in now.',
    spec.url && 'Deliveries are signed with it.',
  ]
  return said.filter(Boolean).join(' ')
}

/** What a webhook does, in a line. */
export function purposeWords({ spec }: Pick<Webhook, 'spec'>): string {
  const tells = spec.url && `tells ${hostOf(spec.url)} of ${whatWords(spec)}`
  const takes = spec.inbound && `takes in posts as ${spec.inbound.type}`
  return [tells, takes].filter(Boolean).join(', and ') || 'does nothing yet'
}

function whatWords({ types = [], events = [], filter }: WebhookSpec): string {
  const what = types.length === 0 ? 'all items' : someOf(types)
  const when = events.length === 0 ? '' : ` (${someOf(events.map((event) => event.replace('item.', '')))})`
  return `${what}${when}${filter ? ` where ${filter}` : ''}`
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url
}

/** What became of a try: `answered 500 after 1.2 s`, or why there was no answer. */
export function attemptWords({
  status,
  error,
  duration_ms,
}: Pick<DeliveryAttempt, 'status' | 'error' | 'duration_ms'>) {
  const after = ` after ${durationLabel(duration_ms)}`
  if (typeof status === 'number') return `answered ${status}${after}`
  return `${error ?? 'no answer'}${after}`
}

/** How often it was tried. */
export function triesWords({ attempt_count }: Pick<Delivery, 'attempt_count'>): string {
  return attempt_count === 0 ? 'not tried yet' : count(attempt_count, 'try', 'tries')
}

/** What to do about a webhook that was given up, a step after the other. */
export const givenUpSteps = [
  'Look at the last deliveries below: they say what the receiver answered.',
  'Put the receiver right, or the address.',
  'Let it deliver again.',
  'Recover what it has missed.',
] as const

/** For how long an older key may sign too. */
export const overlaps = [
  { value: '0s', label: 'Not at all: the old key may be known to others' },
  { value: '1h', label: 'An hour' },
  { value: '24h', label: 'A day' },
  { value: '7d', label: 'A week' },
]
