import type { ItemTypeSpec, ItemTypeVersion } from '../../lib/api/types'
import { inWords } from '../inbox/fields/schema'

/** The states in which an item of a type may be open; a type that names none has one. */
export function statesOf(spec: Pick<ItemTypeSpec, 'states'>): string[] {
  const names = Object.keys(spec.states ?? {})
  return names.length > 0 ? names : ['open']
}

/** The state that an item of a type begins in; of `states` it need not be the first. */
export function initialState(spec: Pick<ItemTypeSpec, 'states' | 'initial'>): string {
  return spec.initial ?? statesOf(spec)[0] ?? 'open'
}

export function stateLabel(spec: Pick<ItemTypeSpec, 'states'>, name: string): string {
  return spec.states?.[name]?.label ?? inWords(name)
}

/** How items of a type may be resolved, as the buttons are called. A label may hold parts of a template. */
export function resolutionsOf({ resolutions }: Pick<ItemTypeSpec, 'resolutions'>) {
  return Object.entries(resolutions).map(([name, { label, refusal = false }]) => ({
    name,
    label: label ?? name,
    refusal,
  }))
}

/** The states of earlier versions with open items that the newest version does not have: each has to become another. */
export function lostStates(versions: readonly ItemTypeVersion[], newest: ItemTypeSpec): string[] {
  const kept = statesOf(newest)
  const old = versions.filter(({ open_count }) => open_count > 0).flatMap(({ spec }) => statesOf(spec))
  return [...new Set(old)].filter((state) => !kept.includes(state))
}

/** How many open items are of an earlier version. */
export function behindCount(versions: readonly ItemTypeVersion[], newest: number): number {
  return versions
    .filter(({ version }) => version < newest)
    .reduce((sum, { open_count }) => sum + open_count, 0)
}

export const timeoutWords = {
  keep: 'It stays open, and is overdue',
  deny: 'It is over as timed out, which whoever asked takes as a no',
}
