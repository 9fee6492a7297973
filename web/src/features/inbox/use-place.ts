import { useRef } from 'react'
import { usePagedList } from '../../lib/api/pages'
import { itemList } from './queries'
import { type InboxSearch, viewQuery } from './search'

/** Where an item stands in a list; -1 where it never was in it. */
export interface Place {
  id: string | undefined
  list: string
  at: number
}

/** The list that is shown, and the place of an item in it, for who goes on from there. */
export function useListAround(search: InboxSearch, id: string | undefined) {
  const { items, query } = usePagedList(itemList(search))
  const list = viewQuery(search) + (query.isPlaceholderData ? ' before' : '')
  const place = useRef<Place>({ id, list, at: -1 })
  place.current = placeNow(place.current, { items, id, list })
  return { items, query, place: place.current.at }
}

interface Shown {
  items: readonly { id: string }[] | undefined
  id: string | undefined
  list: string
}

/** The place as it is now. One that has left its list is still where it stood; in another list it has no place. */
export function placeNow(before: Place, { items, id, list }: Shown): Place {
  const found = items?.findIndex((item) => item.id === id) ?? -1
  const wasHere = before.id === id && before.list === list
  return { id, list, at: found < 0 && wasHere ? before.at : found }
}
