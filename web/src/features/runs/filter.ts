import type { State } from '../../lib/api/types'
import { isState } from './state'

export interface RunFilter {
  state?: State
}

/** Reads the filter from the address; what is not a state is left out. */
export function parseRunFilter(search: Record<string, unknown>): RunFilter {
  return isState(search.state) ? { state: search.state } : {}
}
