import { Stack, Text } from '@mantine/core'
import { usePagedList } from '../../lib/api/pages'
import type { Calendar } from '../../lib/api/types'
import { useLocale } from '../../lib/locale'
import { useNow } from '../../lib/time/now'
import { viewerZone } from '../../lib/time/zone'
import { count } from '../../lib/words'
import { ListAnswer, LoadMore, NothingHere } from '../../ui/answers'
import { CopyBlock } from '../../ui/copy'
import { CalendarIcon, PlusIcon } from '../../ui/icons'
import { ButtonLink, TextLink } from '../../ui/links'
import { Page } from '../../ui/page'
import { Row, RowLink, Rows } from '../../ui/rows'
import { Tag } from '../../ui/tag'
import { RefusedButton } from '../access/action-button'
import { useMay } from '../access/queries'
import { eventWhen, isOn } from './event-words'
import classes from './list-page.module.css'
import { calendarList } from './queries'

/** The organization's calendars. */
export function CalendarsPage() {
  const { query, items } = usePagedList(calendarList())
  return (
    <Page
      title="Calendars"
      before={
        <TextLink to="/schedules" size="sm">
          Schedules
        </TextLink>
      }
      actions={<NewCalendar />}
    >
      <ListAnswer query={query} items={items} empty={<NoCalendars />}>
        {(calendars) => (
          <>
            <Rows label="Calendars">
              {calendars.map((calendar) => (
                <Row key={calendar.id}>
                  <CalendarRow calendar={calendar} />
                </Row>
              ))}
            </Rows>
            <LoadMore query={query} what="calendars" />
          </>
        )}
      </ListAnswer>
    </Page>
  )
}

function CalendarRow({ calendar: { id, name, description, next, ...calendar } }: { calendar: Calendar }) {
  const now = useNow()
  const { language, timeZone } = useLocale()
  const zone = viewerZone(timeZone)
  return (
    <>
      <div className={classes.line}>
        <RowLink to="/calendars/$calendar" params={{ calendar: id }}>
          {name}
        </RowLink>
        {next && isOn(next, now, zone) && <Tag tone="active">on now</Tag>}
      </div>
      {description && (
        <Text size="sm" lineClamp={2}>
          {description}
        </Text>
      )}
      {next && (
        <Text size="sm" className={classes.next}>
          {isOn(next, now, zone) ? '' : 'Next '}
          {next.name}: {eventWhen(next, { language, timeZone: zone })}
        </Text>
      )}
      <Text size="sm" c="dimmed">
        {count(calendar.event_count, 'event')}
        {next ? '' : ', none to come'} ·{' '}
        {calendar.schedule_count === 0
          ? 'no schedule names it'
          : `named by ${count(calendar.schedule_count, 'schedule')}`}
      </Text>
    </>
  )
}

function NewCalendar() {
  const may = useMay()
  const button = { leftSection: <PlusIcon size={16} />, children: 'New calendar' }
  if (may('calendars.write')) return <ButtonLink to="/calendars/new" {...button} />
  return <RefusedButton why={{ verb: 'calendars.write' }} {...button} />
}

function NoCalendars() {
  return (
    <NothingHere icon={CalendarIcon} title="No calendars yet" action={<NewCalendar />}>
      <Stack gap="sm">
        <div>
          A calendar says when nothing is to begin: holidays, a freeze. A schedule that names it does not fire
          during its events. Make one here from an .ics file or a list of days, or with the command line:
        </div>
        <CopyBlock
          text="taskey calendars set holidays -f holidays.ics"
          label="Command that stores a calendar"
        />
      </Stack>
    </NothingHere>
  )
}
