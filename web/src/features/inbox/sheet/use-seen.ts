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
  if (item.version !== seen.version && (item.version === own || !item.is_open)) look()
  return {
    /** Of what was seen. */
    etag: seen.etag,
    hasChanged: item.version !== seen.version,
    look,
    changedByMe: (changed: Item) => setOwn(changed.version),
  }
}
