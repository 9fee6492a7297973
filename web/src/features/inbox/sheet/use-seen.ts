import { useState } from 'react'
import type { Item } from '../../../lib/api/types'
import type { ReadItem } from '../queries'

/**
 * Which version of an item somebody has before their eyes: it changes on the screen by itself, and a decision is only about what was
 * seen. What one has changed oneself, and that it is over, needs no second look.
 */
export function useSeen({ item, etag }: ReadItem) {
  const [seen, setSeen] = useState({ version: item.version, etag })
  const [own, setOwn] = useState(item.version)
  const look = () => setSeen({ version: item.version, etag })
  const hasChanged = needsLook(item, seen.version, own)
  if (item.version !== seen.version && !hasChanged) look()
  return {
    /** Of what was seen. */
    etag: seen.etag,
    hasChanged,
    look,
    changedByMe: (changed: Item) => setOwn(changed.version),
  }
}

/** Whether an item is another one than was seen, and not only by what one did oneself. */
export function needsLook(item: Pick<Item, 'version' | 'is_open'>, seen: number, own: number): boolean {
  return item.is_open && item.version !== seen && item.version !== own
}
