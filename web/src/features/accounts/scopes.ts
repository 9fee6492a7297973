import { type VerbGroup, verbGroups } from '../access/verbs'

/** What a key can be given: the verbs of its owner by kind. `me.read` every key has anyway. */
export function scopeGroups(can: readonly string[]): VerbGroup[] {
  return verbGroups(can.filter((verb) => verb !== 'me.read'))
}

export function wholeScope({ noun }: Pick<VerbGroup, 'noun'>): string {
  return `${noun}.*`
}

/** Turns one scope on or off; with `noun.*` on, the single verbs of the kind say nothing more and go. */
export function toggleScope(scopes: readonly string[], group: VerbGroup, scope: string): string[] {
  const whole = wholeScope(group)
  if (scopes.includes(scope)) return scopes.filter((each) => each !== scope)
  if (scope !== whole) return [...scopes, scope]
  return [...scopes.filter((each) => !each.startsWith(`${group.noun}.`)), whole]
}
