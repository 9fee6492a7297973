import { useEffect, useMemo, useState } from 'react'
import type { OutputLine } from './lines'
import { type Found, finder, numberAt, type Place, placeOf } from './search'

/** Long enough to type on: a hundred thousand rows take a moment to read. */
const typingPauseMs = 120

export interface Search {
  /** As it is typed; `found` may still be that of a shorter one. */
  query: string
  found: Found
  /** The number of the current match, from 0. */
  number: number | null
  /** Another object each time that one goes to a match. */
  current: Place | null
  onQuery: (query: string) => void
  onStep: (by: -1 | 1) => void
}

/** Searches the rows that are shown, also those that arrive later. */
export function useSearch(rows: readonly OutputLine[]): Search {
  const [query, setQuery] = useState('')
  const [searched, setSearched] = useState('')
  useEffect(() => {
    const timer = setTimeout(() => setSearched(query), typingPauseMs)
    return () => clearTimeout(timer)
  }, [query])
  const find = useMemo(() => finder(searched), [searched])
  const found = useMemo(() => find(rows), [find, rows])

  const [from, setFrom] = useState(beginning)
  const number = numberAt(found, from)
  const isThere = number !== null
  const { row, start } = isThere ? placeOf(found, number) : beginning
  // biome-ignore lint/correctness/useExhaustiveDependencies: one goes there again by another word, or another step
  const current = useMemo(() => (isThere ? { row, start } : null), [isThere, row, start, searched, from])

  const onQuery = (query: string) => {
    setQuery(query)
    if (query !== '') return
    // At once, so that nothing is gone to any more.
    setSearched('')
    setFrom(beginning)
  }
  const onStep = (by: -1 | 1) => {
    // Before what was typed is searched for, there is nothing to go to.
    if (number === null || query !== searched) return
    setFrom(placeOf(found, (number + by + found.count) % found.count))
  }
  return { query, found, number, current, onQuery, onStep }
}

const beginning: Place = { row: 0, start: 0 }
