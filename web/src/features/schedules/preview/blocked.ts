import type { Firing, OnBlock } from '../../../lib/api/types'

/** What keeps a slot from firing: `Christmas (calendar holidays)`, or `outside its windows`; null where nothing does. */
export function blockedBy({ blocked }: Pick<Firing, 'blocked'>): string | null {
  if (!blocked) return null
  const event = /^calendar ([^:]+): (.*)$/.exec(blocked)
  return event ? `${event[2]} (calendar ${event[1]})` : blocked
}

/** The same with what becomes of it: `skipped: Christmas (calendar holidays)`. */
export function firingBlockedWords(
  firing: Pick<Firing, 'blocked'>,
  onBlock: OnBlock | undefined,
): string | null {
  const by = blockedBy(firing)
  return by && `${onBlock === 'defer' ? 'waits' : 'skipped'}: ${by}`
}
