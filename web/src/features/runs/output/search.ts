import type { OutputLine } from './lines'

/** Where a match begins: the place of its row among the rows that are shown, and in the row's text. */
export interface Place {
  row: number
  start: number
}

export interface Found {
  query: string
  rows: readonly OutputLine[]
  /** For each row, where in its text the matches begin. */
  starts: readonly (readonly number[])[]
  /** For each row, how many matches there are before it. */
  before: readonly number[]
  count: number
}

/**
 * Finds `query` as plain text, whatever the case. The function that it makes is given all rows again and again as output
 * arrives, and reads only those that have changed since.
 */
export function finder(query: string): (rows: readonly OutputLine[]) => Found {
  let last = nothing
  if (query === '') return () => last

  const pattern = new RegExp(escaped(query), 'giu')
  return (rows) => {
    const starts: (readonly number[])[] = []
    const before: number[] = []
    let count = 0
    rows.forEach((row, index) => {
      const known = last.rows[index] === row ? last.starts[index] : undefined
      const found = known ?? startsIn(row.text, pattern)
      starts.push(found)
      before.push(count)
      count += found.length
    })
    last = { query, rows, starts, before, count }
    return last
  }
}

const nothing: Found = { query: '', rows: [], starts: [], before: [], count: 0 }

/** The number, from 0, of the first match at a place or after it; after the last one it begins again. */
export function numberAt(found: Found, { row, start }: Place): number | null {
  if (found.count === 0) return null
  const inRow = found.starts[row]?.filter((each) => each < start).length ?? 0
  return ((found.before[row] ?? 0) + inRow) % found.count
}

/** Where a match is, by its number from 0. */
export function placeOf(found: Found, number: number): Place {
  const row = found.before.findLastIndex((count) => count <= number)
  return { row, start: found.starts[row]?.[number - (found.before[row] ?? 0)] ?? 0 }
}

function startsIn(text: string, pattern: RegExp): readonly number[] {
  const starts: number[] = []
  pattern.lastIndex = 0
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) starts.push(match.index)
  return starts.length > 0 ? starts : none
}

/** Shared: most rows have no match. */
const none: readonly number[] = []

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}
