import type { State, Tile } from '../../../lib/api/types'
import { isOver, states } from '../state'

/** A run's executions as columns: twenty thousand of them are three arrays, and a change of state is one byte. */
export interface Grid {
  readonly ids: readonly string[]
  readonly devices: readonly string[]
  /** Places in the list of states. */
  readonly codes: Uint8Array
}

const codeOf = new Map(states.map((state, code) => [state, code]))
/** Unknown states of newer servers are drawn as if their end was not known. */
const unknown = states.indexOf('lost')

export function gridOf(tiles: readonly Tile[]): Grid {
  return {
    ids: tiles.map((tile) => tile.id),
    devices: tiles.map((tile) => tile.device),
    codes: Uint8Array.from(tiles, (tile) => codeOf.get(tile.state) ?? unknown),
  }
}

export function stateAt(grid: Grid, index: number): State {
  return states[grid.codes[index] ?? unknown] ?? 'lost'
}

/** How many executions are in each state. */
export function countsOf({ codes }: Grid): Record<string, number> {
  const counts = new Array<number>(states.length).fill(0)
  for (const code of codes) counts[code] = (counts[code] ?? 0) + 1
  return Object.fromEntries(states.map((state, code) => [state, counts[code] ?? 0]))
}

/** The places of the executions in one state, or of all. */
export function placesOf({ codes }: Grid, state: State | undefined): Uint32Array {
  const places = new Uint32Array(codes.length)
  const wanted = state === undefined ? undefined : codeOf.get(state)
  let count = 0
  codes.forEach((code, place) => {
    if (wanted !== undefined && code !== wanted) return
    places[count] = place
    count += 1
  })
  return places.subarray(0, count)
}

const placesByIds = new WeakMap<readonly string[], Map<string, number>>()

function placeOf(ids: readonly string[], id: string): number | undefined {
  let places = placesByIds.get(ids)
  if (!places) {
    places = new Map(ids.map((each, place) => [each, place]))
    placesByIds.set(ids, places)
  }
  return places.get(id)
}

/** The grid after what events have told; itself where they told nothing new. */
export function changed(grid: Grid, news: ReadonlyMap<string, State>): Grid {
  let codes: Uint8Array | undefined
  for (const [id, state] of news) {
    const place = placeOf(grid.ids, id)
    const code = codeOf.get(state)
    if (place === undefined || code === undefined) continue
    const before = grid.codes[place] ?? unknown
    if (before === code || !follows(before, code)) continue
    codes ??= grid.codes.slice()
    codes[place] = code
  }
  return codes ? { ...grid, codes } : grid
}

/** What was read, but for ends that events have told meanwhile: the pages of an answer are older than its arrival. */
export function merged(before: Grid | undefined, read: Grid): Grid {
  if (!before || !areSame(before.ids, read.ids)) return read
  const codes = read.codes.slice()
  before.codes.forEach((code, place) => {
    if (!follows(code, read.codes[place] ?? unknown)) codes[place] = code
  })
  // The same arrays again, so that nothing has to be looked up anew.
  return { ids: before.ids, devices: before.devices, codes }
}

/** An end is never taken back, and what has begun is not about to begin; one end may correct another. */
function follows(before: number, next: number): boolean {
  const [was, is] = [states[before], states[next]]
  if (was === undefined || is === undefined || isOver(is)) return true
  return !isOver(was) && next >= before
}

function areSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((id, place) => id === others[place])
}

/** Where a key leads from a tile, `columns` to a row and `page` rows in view; undefined for keys that lead nowhere. */
export function placeAfter(
  key: string,
  place: number,
  { columns, page, count }: { columns: number; page: number; count: number },
) {
  const steps: Record<string, number> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
    PageUp: -columns * page,
    PageDown: columns * page,
    Home: -count,
    End: count,
  }
  const step = steps[key]
  if (step === undefined || count === 0) return undefined
  return Math.min(Math.max(place + step, 0), count - 1)
}
