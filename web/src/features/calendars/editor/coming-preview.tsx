import { Stack, Text, Title } from '@mantine/core'
import type { CalendarPreview } from '../../../lib/api/types'
import { count } from '../../../lib/words'
import { EventList } from '../event-list'
import classes from './editor.module.css'

interface ComingPreviewProps {
  /** What was last answered. */
  told: CalendarPreview | undefined
  /** Whether it is about another text than the one that is written. */
  isOld: boolean
  isEmpty: boolean
  isWrong: boolean
}

/** What a calendar says, while it is written. */
export function ComingPreview({ told, isOld, isEmpty, isWrong }: ComingPreviewProps) {
  return (
    <aside
      className={classes.preview}
      aria-label="What it says"
      data-old={(isOld && told && !isWrong) || undefined}
    >
      <Stack gap="sm">
        <Title order={2} size="h4">
          What it says
        </Title>
        <Said told={told} isEmpty={isEmpty} isWrong={isWrong} />
      </Stack>
    </aside>
  )
}

function Said({ told, isEmpty, isWrong }: Omit<ComingPreviewProps, 'isOld'>) {
  if (isEmpty) {
    return (
      <Text size="sm" c="dimmed">
        Its coming events show here as soon as there is something to read.
      </Text>
    )
  }
  if (isWrong) {
    return (
      <Text size="sm" role="status">
        It cannot be read yet: its field says what is wrong.
      </Text>
    )
  }
  if (!told) {
    return (
      <Text size="sm" c="dimmed" role="status">
        Reading…
      </Text>
    )
  }
  const { event_count, events } = told
  return (
    <>
      <Text size="sm" fw={600} role="status">
        {count(event_count, 'event')}
        {events.length === 0 && ', none to come'}
      </Text>
      <EventList events={events} />
      {events.length >= previewedMax && (
        <Text size="xs" c="dimmed">
          These are the next {previewedMax}.
        </Text>
      )}
    </>
  )
}

/** The server tells no more. */
const previewedMax = 50
