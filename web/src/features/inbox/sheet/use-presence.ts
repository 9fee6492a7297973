import { useEffect } from 'react'
import { api } from '../../../lib/api/client'

/** The server forgets who has not said so for 45 seconds. */
const everyMs = 30_000

/** Tells the others that somebody looks at an item, while it is on the screen. */
export function usePresence(item: string) {
  useEffect(() => {
    const say = () => {
      if (document.visibilityState !== 'visible') return
      // Nobody misses it: the next one comes soon.
      void api.PUT('/api/v1/items/{item}/viewers/me', { params: { path: { item } } }).catch(() => undefined)
    }
    say()
    const timer = setInterval(say, everyMs)
    document.addEventListener('visibilitychange', say)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', say)
    }
  }, [item])
}
