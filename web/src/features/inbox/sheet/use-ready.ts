import { useEffect, useState } from 'react'
import { sinceAdvanceMs } from '../use-go-to-item'

/** A second press on the same place, or of the same key, was meant for the item before. */
const secondPressMs = 500

/** Whether a press means this item: one that has come by itself is decided on only after a moment. */
export function useReady(): boolean {
  const [isReady, setReady] = useState(() => sinceAdvanceMs() > secondPressMs)
  useEffect(() => {
    if (isReady) return
    const timer = setTimeout(() => setReady(true), secondPressMs)
    return () => clearTimeout(timer)
  }, [isReady])
  return isReady
}
