import type { Webhook } from '../../lib/api/types'

/** So many are named; the others are counted. */
const namedMax = 3

/** Those to which nothing is delivered any more, though nobody wanted it so. */
export function givenUpOf<Each extends Pick<Webhook, 'state'>>(webhooks: readonly Each[]): Each[] {
  return webhooks.filter(({ state }) => state === 'given_up')
}

/** Those that are named, and how many there are besides. */
export function namedOf<Each>(webhooks: readonly Each[]): { named: readonly Each[]; otherCount: number } {
  return { named: webhooks.slice(0, namedMax), otherCount: Math.max(0, webhooks.length - namedMax) }
}
