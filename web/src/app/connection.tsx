import { useEffect, useState } from 'react'
import { useConnection } from '../lib/live/events'
import classes from './connection.module.css'

/** A stream that comes back at once is not worth a word. */
const patienceMs = 1_500

/** Says when what is shown may be old, because the server's events do not arrive. */
export function ConnectionSign() {
  const connection = useConnection()
  const [isLost, setLost] = useState(false)

  useEffect(() => {
    if (connection !== 'lost') return setLost(false)
    const timer = setTimeout(() => setLost(true), patienceMs)
    return () => clearTimeout(timer)
  }, [connection])

  return (
    <div role="status" className={classes.sign} data-lost={isLost || undefined}>
      {isLost && (
        <>
          <span className={classes.dot} />
          Connection lost. Reconnecting…
        </>
      )}
    </div>
  )
}
