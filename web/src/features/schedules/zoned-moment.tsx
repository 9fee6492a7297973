import { Tooltip } from '@mantine/core'
import { useLocale } from '../../lib/locale'
import { useNow } from '../../lib/time/now'
import { upcomingLabel } from '../../lib/time/relative'
import { viewerZone } from '../../lib/time/zone'
import classes from './zoned-moment.module.css'
import { dayText, deviceZone, firingText, ownTimeText, reckonedZone, timeText } from './zones'

interface ZonedProps {
  at: string
  /** Of the schedule. */
  timezone?: string
}

/** When a slot is, as `in 5 min`; on hover or focus its time in the schedule's zone and in that of whoever looks. */
export function ZonedMoment({ at, timezone }: ZonedProps) {
  const now = useNow()
  const { language } = useLocale()
  const words = useZonedWords(at, timezone)
  return (
    <Tooltip
      label={words.join(' · ')}
      events={{ hover: true, focus: true, touch: true }}
      multiline
      maw={320}
      withinPortal
    >
      <time dateTime={at} tabIndex={0} className={classes.moment}>
        {timezone === deviceZone ? ownClockText(new Date(at), language) : upcomingLabel(new Date(at), now)}
      </time>
    </Tooltip>
  )
}

/** How soon that is each device knows: here there is only what its clock will show. */
function ownClockText(at: Date, language: string | undefined): string {
  const format = { language, timeZone: reckonedZone(deviceZone) }
  return `${dayText(at, format)}, ${timeText(at, format)}`
}

/** The same in full, on two lines. */
export function ZonedTimes({ at, timezone }: ZonedProps) {
  const [there, own] = useZonedWords(at, timezone)
  return (
    <span className={classes.times}>
      <time dateTime={at}>{there}</time>
      {own && <span className={classes.own}>{own}</span>}
    </span>
  )
}

function useZonedWords(at: string, timezone: string | undefined): string[] {
  const { language, timeZone } = useLocale()
  const date = new Date(at)
  const zone = reckonedZone(timezone)
  // What is reckoned as UTC is another moment on every device: whoever looks has no time of their own for it.
  if (timezone === deviceZone) {
    return [`${ownClockText(date, language)} by each device’s own clock`]
  }
  const own = ownTimeText(date, zone, { language, timeZone: viewerZone(timeZone) })
  return [firingText(date, { language, timeZone: zone }), ...(own ? [own] : [])]
}
