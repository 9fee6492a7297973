import { Select, Stack, Text, TextInput } from '@mantine/core'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { usePagedList } from '../../lib/api/pages'
import type { Schedule } from '../../lib/api/types'
import { ListAnswer, LoadMore, NothingHere } from '../../ui/answers'
import { CopyBlock } from '../../ui/copy'
import { CalendarIcon, PlusIcon, SearchIcon } from '../../ui/icons'
import { ButtonLink } from '../../ui/links'
import { Page } from '../../ui/page'
import { RefusedButton } from '../access/action-button'
import { useMay } from '../access/queries'
import { calendarList } from '../calendars/queries'
import { taskList } from '../tasks/queries'
import classes from './list-page.module.css'
import { scheduleList } from './queries'
import { ScheduleRows } from './schedule-rows'
import { parseScheduleSearch, type ScheduleSearch } from './search'
import { matchesSearch } from './target-words'

const route = getRouteApi('/in/schedules')

/** The organization's schedules. */
export function SchedulesPage() {
  const filter = route.useSearch()
  const [search, setSearch] = useState('')
  const { query, items } = usePagedList(scheduleList(filter), { whole: search !== '' })
  const isFiltered = filter.task !== undefined || filter.calendar !== undefined || search !== ''
  return (
    <Page
      title="Schedules"
      actions={
        <>
          <CalendarsLink />
          <NewSchedule task={filter.task} />
        </>
      }
    >
      <Stack gap="md">
        {(isFiltered || (items && items.length > 0)) && (
          <div className={classes.filters}>
            <TextInput
              aria-label="Search the schedules"
              placeholder="Name, words or task"
              leftSection={<SearchIcon size={16} />}
              value={search}
              onChange={(event) => setSearch(event.currentTarget.value)}
            />
            <TaskFilter {...filter} />
            <CalendarFilter {...filter} />
          </div>
        )}
        <ListAnswer query={query} items={items} empty={<NoSchedules {...filter} />}>
          {(schedules) => (
            <>
              <Found schedules={schedules.filter((schedule) => matchesSearch(schedule, search))} />
              <LoadMore query={query} what="schedules" />
            </>
          )}
        </ListAnswer>
      </Stack>
    </Page>
  )
}

function Found({ schedules }: { schedules: readonly Schedule[] }) {
  if (schedules.length === 0) return <Text role="status">No schedule matches.</Text>
  return <ScheduleRows schedules={schedules} />
}

function TaskFilter({ task, calendar }: ScheduleSearch) {
  const navigate = route.useNavigate()
  const { items } = usePagedList(taskList(), { whole: true })
  const names = (items ?? []).map(({ name }) => name)
  return (
    <Select
      aria-label="Show schedules of the task"
      placeholder="Any task"
      searchable
      clearable
      clearButtonProps={{ 'aria-label': 'Show schedules of any task' }}
      nothingFoundMessage="No such task"
      data={task && !names.includes(task) ? [task, ...names] : names}
      value={task ?? null}
      onChange={(chosen) =>
        void navigate({ search: parseScheduleSearch({ task: chosen, calendar }), replace: true })
      }
    />
  )
}

/** Not shown where there are none. */
function CalendarFilter({ task, calendar }: ScheduleSearch) {
  const navigate = route.useNavigate()
  const { items } = usePagedList(calendarList(), { whole: true })
  const names = (items ?? []).map(({ name }) => name)
  if (names.length === 0 && !calendar) return null
  return (
    <Select
      aria-label="Show schedules with the calendar"
      placeholder="Any calendar"
      searchable
      clearable
      clearButtonProps={{ 'aria-label': 'Show schedules with any calendar or none' }}
      nothingFoundMessage="No such calendar"
      data={calendar && !names.includes(calendar) ? [calendar, ...names] : names}
      value={calendar ?? null}
      onChange={(chosen) =>
        void navigate({ search: parseScheduleSearch({ task, calendar: chosen }), replace: true })
      }
    />
  )
}

function CalendarsLink() {
  const may = useMay()
  if (!may('calendars.read')) return null
  return (
    <ButtonLink to="/calendars" variant="default" leftSection={<CalendarIcon size={16} />}>
      Calendars
    </ButtonLink>
  )
}

function NewSchedule({ task }: { task: string | undefined }) {
  const may = useMay()
  const button = { leftSection: <PlusIcon size={16} />, children: 'New schedule' }
  if (may('schedules.write'))
    return <ButtonLink to="/schedules/new" search={task ? { task } : {}} {...button} />
  return <RefusedButton why={{ verb: 'schedules.write' }} {...button} />
}

function NoSchedules({ task, calendar }: ScheduleSearch) {
  if (calendar) {
    return (
      <NothingHere
        icon={CalendarIcon}
        title={`No schedule names ${calendar}${task ? ` and runs ${task}` : ''}`}
      >
        Choose another calendar to see other schedules.
      </NothingHere>
    )
  }
  if (task) {
    return (
      <NothingHere
        icon={CalendarIcon}
        title={`No schedule runs ${task}`}
        action={<NewSchedule task={task} />}
      >
        Choose another task to see other schedules, or make one for this.
      </NothingHere>
    )
  }
  return (
    <NothingHere icon={CalendarIcon} title="No schedules yet" action={<NewSchedule task={undefined} />}>
      <Stack gap="sm">
        <div>
          A schedule says when a task runs by itself, and on which devices. They keep it and fire it
          themselves, also while this server is down. Make one here, or write it as a file and send it with
          the command line:
        </div>
        <CopyBlock text="taskey schedules apply -f nightly.yaml" label="Command that stores a schedule" />
      </Stack>
    </NothingHere>
  )
}
