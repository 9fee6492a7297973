import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Calendar } from '../../lib/api/types'
import { count } from '../../lib/words'
import { Failed, LoadingRows } from '../../ui/answers'
import { CopyBlock } from '../../ui/copy'
import { PenIcon, TrashIcon } from '../../ui/icons'
import { ButtonLink, TextLink } from '../../ui/links'
import { Moment } from '../../ui/moment'
import { Page } from '../../ui/page'
import { Question } from '../../ui/question'
import { FactList } from '../../ui/rows'
import { Section } from '../../ui/section'
import { ActionButton, RefusedButton } from '../access/action-button'
import { useMay } from '../access/queries'
import { SchedulesOf } from '../schedules/schedules-of'
import classes from './calendar-page.module.css'
import { EventList } from './event-list'
import { calendarDetail, eventList } from './queries'
import { RemoveCalendarDialog } from './remove-calendar'

const route = getRouteApi('/in/calendars/$calendar')

/** One calendar: its events to come, and the schedules that name it. */
export function CalendarPage() {
  const { calendar: id } = route.useParams()
  const query = useQuery(calendarDetail(id))
  if (query.data) return <CalendarView calendar={query.data} />
  return (
    <Page title="Calendar">
      {query.isError ? <Failed error={query.error} onRetry={() => void query.refetch()} /> : <LoadingRows />}
    </Page>
  )
}

function CalendarView({ calendar }: { calendar: Calendar }) {
  const may = useMay()
  const navigate = useNavigate()
  const [isRemoving, setRemoving] = useState(false)
  const write = { may: may('calendars.write'), why: { verb: 'calendars.write' } }
  return (
    <Page
      title={calendar.name}
      before={
        <TextLink to="/calendars" size="sm">
          Calendars
        </TextLink>
      }
      actions={
        write.may ? (
          <ButtonLink to="/calendars/$calendar/edit" params={{ calendar: calendar.id }} {...edit} />
        ) : (
          <RefusedButton why={write.why} {...edit} />
        )
      }
    >
      {calendar.description && <Text className={classes.description}>{calendar.description}</Text>}
      <Section title="Coming events">
        <Coming calendar={calendar} />
      </Section>
      <Section title="Schedules">
        <SchedulesOf
          calendar={calendar.id}
          none="No schedule names it. One that does fires nothing during its events."
        />
      </Section>
      <Section title="How">
        <FactList facts={factsOf(calendar)} />
        {calendar.content != null && (
          <div className={classes.written}>
            <Question words="How is it written?">
              <CopyBlock text={calendar.content} label="Content of this calendar" />
            </Question>
          </div>
        )}
      </Section>
      <Section title="Remove">
        <Text size="sm" c="dimmed" mb="sm">
          {calendar.schedule_count === 0
            ? 'No schedule names it.'
            : `It can be removed when no schedule names it: ${count(calendar.schedule_count, 'does', 'do')} now.`}
        </Text>
        <ActionButton
          {...write}
          variant="default"
          leftSection={<TrashIcon size={15} />}
          onClick={() => setRemoving(true)}
        >
          Remove this calendar
        </ActionButton>
      </Section>
      {isRemoving && (
        <RemoveCalendarDialog
          calendar={calendar}
          onClose={() => setRemoving(false)}
          onRemoved={() => void navigate({ to: '/calendars' })}
        />
      )}
    </Page>
  )
}

const edit = { variant: 'default', leftSection: <PenIcon size={15} />, children: 'Edit' }

function Coming({ calendar }: { calendar: Calendar }) {
  const query = useQuery(eventList(calendar.id))
  if (!query.data) {
    return query.isError ? (
      <Failed error={query.error} onRetry={() => void query.refetch()} />
    ) : (
      <LoadingRows count={2} />
    )
  }
  const { items, more } = query.data
  if (items.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        None within a year.
      </Text>
    )
  }
  return (
    <>
      <div className={classes.events}>
        <EventList events={items} />
      </div>
      {more && (
        <Text size="xs" c="dimmed" mt={4}>
          These are the first {count(items.length, 'event')}; there are more within a year.
        </Text>
      )}
    </>
  )
}

function factsOf({ version, event_count, updated_at, updated_by }: Calendar) {
  return [
    { name: 'Events', value: `${count(event_count, 'event')}, one that comes back counted once` },
    { name: 'Version', value: String(version) },
    {
      name: 'Changed',
      value: (
        <>
          <Moment at={updated_at} /> by {updated_by}
        </>
      ),
    },
  ]
}
