import { useRef } from 'react'

/** Where an item stands in the list. One that has left the list is still at its place, for who goes on from there; -1 where it never was in it. */
export function usePlace(items: readonly { id: string }[] | undefined, id: string | undefined): number {
  const place = useRef({ id, at: -1 })
  if (place.current.id !== id) place.current = { id, at: -1 }
  const found = items?.findIndex((item) => item.id === id) ?? -1
  if (found >= 0) place.current.at = found
  return place.current.at
}
