import type { Firing, OnBlock } from '../../../lib/api/types'
import { useNow } from '../../../lib/time/now'
import { upcomingLabel } from '../../../lib/time/relative'
import { ZonedTimes } from '../zoned-moment'
import { deviceZone, reckonedZone } from '../zones'
import { firingBlockedWords } from './blocked'
import { dstWords } from './dst'
import classes from './preview.module.css'

interface FiringListProps {
  firings: readonly Firing[]
  timezone?: string
  times: readonly string[]
  onBlock?: OnBlock
}

/** Slots to come, one a line, with what a change of the clocks does to them. */
export function FiringList({ firings, timezone, times, onBlock }: FiringListProps) {
  const now = useNow()
  return (
    <ol className={classes.firings}>
      {firings.map((firing) => {
        const blocked = firingBlockedWords(firing, onBlock)
        const dst = dstWords(firing, reckonedZone(timezone), times)
        return (
          <li key={firing.at} data-blocked={blocked ? true : undefined}>
            <div className={classes.firing}>
              <ZonedTimes at={firing.at} timezone={timezone} />
              {timezone !== deviceZone && (
                <span className={classes.relative}>{upcomingLabel(new Date(firing.at), now)}</span>
              )}
            </div>
            {dst && <div className={classes.dst}>{dst}</div>}
            {blocked && <div className={classes.blocked}>{blocked}</div>}
          </li>
        )
      })}
    </ol>
  )
}
