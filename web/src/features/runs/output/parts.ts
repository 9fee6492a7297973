import type { StyledText } from './harmless'
import type { OutputLine } from './lines'
import { plainStyle } from './style'

/** A stretch of a row that is a match of the search, or is not; in pieces of one style each. */
export interface RowPart {
  match: 'none' | 'other' | 'current'
  pieces: StyledText[]
}

/** What the search has found in a row. */
export interface RowMatches {
  starts: readonly number[]
  length: number
  /** Where the match begins that one has gone to, if it is in this row. */
  current: number | null
}

/** More matches of a row than these are not marked, but for the current one: each is an element. */
export const markCountMax = 100

/** Cuts a row into what is drawn in one manner each. */
export function partsOf(row: OutputLine, matches: RowMatches | null): RowPart[] {
  const parts: RowPart[] = []
  let end = 0
  const add = (match: RowPart['match'], until: number) => {
    if (until > end) parts.push({ match, pieces: piecesOf(row, end, until) })
    end = Math.max(end, until)
  }
  for (const start of matches ? markedOf(matches) : []) {
    add('none', start)
    add(start === matches?.current ? 'current' : 'other', start + (matches?.length ?? 0))
  }
  add('none', row.text.length)
  return parts
}

function markedOf({ starts, current }: RowMatches): readonly number[] {
  if (starts.length <= markCountMax) return starts
  return starts.filter((start, index) => index < markCountMax || start === current)
}

function piecesOf({ text, spans }: OutputLine, from: number, until: number): StyledText[] {
  const pieces: StyledText[] = []
  let end = from
  for (const span of spans) {
    const start = Math.max(span.start, from)
    const stop = Math.min(span.end, until)
    if (start >= stop) continue
    if (start > end) pieces.push({ text: text.slice(end, start), style: plainStyle })
    pieces.push({ text: text.slice(start, stop), style: span.style })
    end = stop
  }
  if (end < until) pieces.push({ text: text.slice(end, until), style: plainStyle })
  return pieces
}
