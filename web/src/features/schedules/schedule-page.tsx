import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Schedule, ScheduleSpec } from '../../lib/api/types'
import { count } from '../../lib/words'
import { Failed, LoadingRows } from '../../ui/answers'
import { PauseIcon, PenIcon, RunIcon, TrashIcon } from '../../ui/icons'
import { ButtonLink, TextLink } from '../../ui/links'
import { ExactMoment, Moment } from '../../ui/moment'
import { Page } from '../../ui/page'
import { FactList } from '../../ui/rows'
import { Section } from '../../ui/section'
import { ActionButton, RefusedButton } from '../access/action-button'
import { useMay } from '../access/queries'
import { isAtLeast } from '../access/roles'
import { reasonText } from '../runs/reason'
import { ScheduleWhy } from './explain/why'
import { HoldingsSection } from './holdings-section'
import { NewerTask } from './newer-task'
import { PauseScheduleDialog } from './pause-schedule'
import { firingBlockedWords } from './preview/blocked'
import { scheduleDetail, upcomingList, useResumeSchedule } from './queries'
import { RemoveScheduleDialog } from './remove-schedule'
import { RunNow } from './run-now'
import { blockedWords, specialWords } from './schedule-facts'
import classes from './schedule-page.module.css'
import { ScheduleStateTag } from './schedule-state'
import { targetWords } from './target-words'
import { SlotsSection } from './timeline/slots-section'
import { ZonedMoment, ZonedTimes } from './zoned-moment'
import { deviceZone, zoneName } from './zones'

const route = getRouteApi('/in/schedules/$schedule')

/** One schedule: what it does, what became of its slots, who keeps it. */
export function SchedulePage() {
  const { schedule: id } = route.useParams()
  const query = useQuery(scheduleDetail(id))
  if (query.data) return <ScheduleView schedule={query.data} />
  return (
    <Page title="Schedule">
      {query.isError ? <Failed error={query.error} onRetry={() => void query.refetch()} /> : <LoadingRows />}
    </Page>
  )
}

function ScheduleView({ schedule }: { schedule: Schedule }) {
  const may = useMay()
  const navigate = useNavigate()
  const [open, setOpen] = useState<'run' | 'pause' | 'remove' | null>(null)
  const close = () => setOpen(null)
  const write = {
    may: may('schedules.write') && isAtLeast(schedule.role, 'admin'),
    why: { verb: 'schedules.write', note: everyDeviceNote },
  }
  // The dialog for runs knows devices and groups by name; a selector is the schedule's own.
  const canRunNow = !schedule.spec.targets.selector
  return (
    <Page
      title={schedule.name}
      before={
        <TextLink to="/schedules" size="sm">
          Schedules
        </TextLink>
      }
      beside={
        <span role="status">
          <ScheduleStateTag state={schedule.state} />
        </span>
      }
      actions={
        <>
          {canRunNow && (
            <ActionButton
              may={may('runs.start')}
              why={{ verb: 'runs.exec' }}
              variant="default"
              leftSection={<RunIcon size={15} />}
              onClick={() => setOpen('run')}
            >
              Run now…
            </ActionButton>
          )}
          {write.may ? (
            <ButtonLink to="/schedules/$schedule/edit" params={{ schedule: schedule.id }} {...edit} />
          ) : (
            <RefusedButton why={write.why} {...edit} />
          )}
          {schedule.state === 'active' ? (
            <ActionButton
              {...write}
              variant="default"
              leftSection={<PauseIcon size={15} />}
              onClick={() => setOpen('pause')}
            >
              Pause…
            </ActionButton>
          ) : (
            <ResumeButton schedule={schedule} {...write} />
          )}
        </>
      }
    >
      <Text fw={600} className={classes.words}>
        {schedule.words}
      </Text>
      {schedule.reason && <Text mt={4}>{reasonText(schedule.reason)}</Text>}
      {schedule.spec.description && <Text className={classes.description}>{schedule.spec.description}</Text>}
      {schedule.next_at && <Next schedule={schedule} at={schedule.next_at} />}
      <ScheduleWhy schedule={schedule} />
      <div className={classes.gap}>
        <NewerTask schedule={schedule} />
      </div>
      <SlotsSection schedule={schedule} />
      <HoldingsSection schedule={schedule} />
      <Section title="How">
        <FactList facts={factsOf(schedule)} />
      </Section>
      <Section title="Remove">
        <Text size="sm" c="dimmed" mb="sm">
          It fires no more. The runs that it has started stay.
        </Text>
        <ActionButton
          {...write}
          variant="default"
          leftSection={<TrashIcon size={15} />}
          onClick={() => setOpen('remove')}
        >
          Remove this schedule
        </ActionButton>
      </Section>

      {open === 'run' && <RunNow schedule={schedule} onClose={close} />}
      {open === 'pause' && <PauseScheduleDialog schedule={schedule} onClose={close} />}
      {open === 'remove' && (
        <RemoveScheduleDialog
          schedule={schedule}
          onClose={close}
          onRemoved={() => void navigate({ to: '/schedules' })}
        />
      )}
    </Page>
  )
}

function Next({ schedule, at }: { schedule: Schedule; at: string }) {
  const { timezone, on_block } = schedule.spec
  const { data: upcoming } = useQuery(upcomingList(schedule.id))
  const firing = timezone === deviceZone ? undefined : upcoming?.items.find((each) => each.at === at)
  const blocked = firing && firingBlockedWords(firing, on_block)
  return (
    <div className={classes.next}>
      <span>
        Next <ZonedMoment at={at} timezone={timezone} />
      </span>
      {timezone !== deviceZone && <ZonedTimes at={at} timezone={timezone} />}
      {blocked && <span className={classes.blocked}>{blocked}</span>}
    </div>
  )
}

const edit = { variant: 'default', leftSection: <PenIcon size={15} />, children: 'Edit' }
const everyDeviceNote = 'A schedule is changed by those who are an admin on every device that it is for.'

interface ResumeProps {
  schedule: Schedule
  may: boolean
  why: { verb: string; note: string }
}

function ResumeButton({ schedule, ...write }: ResumeProps) {
  const resume = useResumeSchedule(schedule)
  return (
    <>
      <ActionButton {...write} loading={resume.isPending} onClick={() => resume.mutate()}>
        {schedule.state === 'done' ? 'Begin anew' : 'Resume'}
      </ActionButton>
      {resume.error && <Failed error={resume.error} />}
    </>
  )
}

/** When it begins or ends: a moment, also where its slots go by the devices' own clocks. */
function Bound({ at, timezone }: { at: string; timezone?: string }) {
  return timezone === deviceZone ? <ExactMoment at={at} /> : <ZonedTimes at={at} timezone={timezone} />
}

function CalendarLinks({ spec }: { spec: ScheduleSpec }) {
  return (
    <>
      {(spec.calendars ?? []).map((name, place) => (
        <span key={name}>
          {place > 0 && ', '}
          <TextLink underline="always" to="/calendars/$calendar" params={{ calendar: name }}>
            {name}
          </TextLink>
        </span>
      ))}
      . {blockedWords(spec)}
    </>
  )
}

function factsOf(schedule: Schedule) {
  const { spec, task, version, holding_count, device_count, updated_at, updated_by } = schedule
  return [
    {
      name: 'Task',
      value: (
        <>
          <TextLink underline="always" to="/tasks/$task" params={{ task: task.id }}>
            {task.name}
          </TextLink>{' '}
          in version {task.version}
        </>
      ),
    },
    { name: 'Time zone', value: zoneName(spec.timezone) },
    { name: 'Fired by', value: spec.where === 'server' ? 'the server' : 'each device by itself' },
    {
      name: 'On',
      value: `${targetWords(schedule)}${holding_count == null || device_count === 0 ? '' : `; ${count(holding_count, 'holds', 'hold')} the newest revision`}`,
    },
    ...specialWords(spec),
    ...(spec.calendars?.length ? [{ name: 'Not during', value: <CalendarLinks spec={spec} /> }] : []),
    ...(spec.starts_at
      ? [{ name: 'Not before', value: <Bound at={spec.starts_at} timezone={spec.timezone} /> }]
      : []),
    ...(spec.ends_at ? [{ name: 'Until', value: <Bound at={spec.ends_at} timezone={spec.timezone} /> }] : []),
    {
      name: 'Version',
      value: (
        <>
          {version}
          {' · '}
          <TextLink underline="always" to="/schedules/$schedule/versions" params={{ schedule: schedule.id }}>
            what each version changed
          </TextLink>
        </>
      ),
    },
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
