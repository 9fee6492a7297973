import type { State } from '../../lib/api/types'

/** How a state feels: its colour comes from here, its meaning from the word. */
export type Tone = 'waiting' | 'active' | 'good' | 'bad' | 'neutral'

const tones: Record<State, Tone> = {
  pending: 'waiting',
  queued: 'waiting',
  dispatched: 'active',
  running: 'active',
  succeeded: 'good',
  failed: 'bad',
  timed_out: 'bad',
  cancelled: 'neutral',
  expired: 'neutral',
  rejected: 'bad',
  skipped: 'neutral',
  lost: 'bad',
}

export const states = Object.keys(tones) as State[]

export function isState(word: unknown): word is State {
  return typeof word === 'string' && Object.hasOwn(tones, word)
}

export function toneOf(state: State): Tone {
  return tones[state]
}

/** The word for people: `timed out`. */
export function stateWord(state: State): string {
  return state.replaceAll('_', ' ')
}

/** Whether nothing more will come of it. */
export function isOver(state: State): boolean {
  return toneOf(state) !== 'waiting' && toneOf(state) !== 'active'
}

/** The counts of a run in the order of the states, without those that have none. */
export function orderedCounts(counts: Record<string, number>): { state: State; count: number }[] {
  return states.flatMap((state) => {
    const count = counts[state] ?? 0
    return count > 0 ? [{ state, count }] : []
  })
}

/** On how many devices a run is. */
export function deviceCount(run: { counts: Record<string, number> }): number {
  return Object.values(run.counts).reduce((sum, count) => sum + count, 0)
}
