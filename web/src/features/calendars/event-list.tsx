import { Button, Text } from '@mantine/core'
import { useState } from 'react'
import type { CalendarEvent } from '../../lib/api/types'
import { useLocale } from '../../lib/locale'
import { useNow } from '../../lib/time/now'
import { viewerZone } from '../../lib/time/zone'
import { Tag } from '../../ui/tag'
import classes from './event-list.module.css'
import { eventClock, eventWhen, isOn } from './event-words'

const shownFirst = 10

/** Events, the soonest first. */
export function EventList({ events }: { events: readonly CalendarEvent[] }) {
  const now = useNow()
  const { language, timeZone } = useLocale()
  const [isAll, setAll] = useState(false)
  const zone = viewerZone(timeZone)
  const shown = isAll ? events : events.slice(0, shownFirst)
  return (
    <>
      <ol className={classes.events} aria-label="Events">
        {shown.map((event) => (
          <li key={`${event.from} ${event.until} ${event.name}`}>
            <span className={classes.name}>
              {event.name} {isOn(event, now, zone) && <Tag tone="active">on now</Tag>}
            </span>
            <span className={classes.when}>{eventWhen(event, { language, timeZone: zone })}</span>
          </li>
        ))}
      </ol>
      {events.length > shownFirst && (
        <Button
          variant="subtle"
          size="compact-sm"
          mt={4}
          aria-expanded={isAll}
          onClick={() => setAll(!isAll)}
        >
          {isAll ? 'Show fewer' : `Show ${events.length - shownFirst} more`}
        </Button>
      )}
      <ClockNote events={shown} />
    </>
  )
}

/** What has no zone of its own means another moment in each. */
function ClockNote({ events }: { events: readonly CalendarEvent[] }) {
  const notes = new Set(events.map(eventClock))
  if (![...notes].some((note) => note !== null)) return null
  return (
    <Text size="xs" c="dimmed" mt={6}>
      {notes.has(null)
        ? 'Times with a zone’s name are moments; the others are what the clock shows in each schedule’s zone.'
        : 'Days and times are those of the clock in each schedule’s zone.'}
    </Text>
  )
}
