import type { State } from '../../lib/api/types'
import { isState } from './state'

/** What of a run is looked at. */
export interface RunSearch {
  execution?: string
  /** The key of a group of executions. */
  group?: string
  /** Of which state the tiles are shown. */
  state?: State
}

/** Reads it from the address; what cannot be is left out. */
export function parseRunSearch({ execution, group, state }: Record<string, unknown>): RunSearch {
  return {
    ...(typeof execution === 'string' && { execution }),
    ...(isGroupKey(group) && { group }),
    ...(isState(state) && { state }),
  }
}

/** `STATE:OUTCOME:REASON`, of which only the state is always there. */
function isGroupKey(text: unknown): text is string {
  return typeof text === 'string' && /:.*:/.test(text) && isState(text.split(':')[0])
}
