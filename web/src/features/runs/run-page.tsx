import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import type { Run } from '../../lib/api/types'
import { Failed, LoadingRows } from '../../ui/answers'
import { Confirm } from '../../ui/confirm'
import { TextLink } from '../../ui/links'
import { Duration, ExactMoment, Moment } from '../../ui/moment'
import { Page } from '../../ui/page'
import { ActionButton } from '../access/action-button'
import { useMay } from '../access/queries'
import { causeLabel } from './cause'
import { ExecutionsSection } from './executions'
import { GridSection, gridFrom } from './grid/grid-section'
import { GroupsSection } from './groups/groups-section'
import { runDetail, useCancelRun } from './queries'
import { reasonText } from './reason'
import classes from './run-page.module.css'
import { deviceCount, isOver, stateWord } from './state'
import { StateBadge, StateCounts } from './state-badge'

const route = getRouteApi('/in/runs/$run')

/** One run: how it stands as a whole, and on each device. */
export function RunPage() {
  const { run: id } = route.useParams()
  const query = useQuery(runDetail(id))
  if (query.data) return <RunView run={query.data} />
  return (
    <Page title="Run">
      {query.isError ? <Failed error={query.error} onRetry={() => void query.refetch()} /> : <LoadingRows />}
    </Page>
  )
}

function RunView({ run }: { run: Run }) {
  return (
    <Page
      title={run.task.name}
      tabTitle={`${run.task.name} ${stateWord(run.state)}`}
      before={
        <TextLink to="/runs" size="sm">
          Runs
        </TextLink>
      }
      beside={
        <span role="status">
          <StateBadge state={run.state} />
        </span>
      }
      actions={!isOver(run.state) && <CancelButton run={run} />}
    >
      {run.reason && <Text mb="sm">{reasonText(run.reason)}</Text>}
      <div className={classes.facts}>
        <span>
          Started <Moment at={run.created_at} /> <Cause cause={run.cause} />
        </span>
        <span>
          {run.finished_at ? 'Took ' : 'For '}
          <Duration from={run.created_at} to={run.finished_at} />
        </span>
        {run.task.id && (
          <span>
            <TextLink underline="always" to="/tasks/$task" params={{ task: run.task.id }}>
              Task
            </TextLink>{' '}
            in version {run.task.version}
          </span>
        )}
        <span>
          <ExactMoment at={run.created_at} />
        </span>
      </div>
      {deviceCount(run) > 1 && (
        <>
          {deviceCount(run) < gridFrom ? <StateCounts counts={run.counts} /> : <GridSection run={run} />}
          <GroupsSection run={run} />
        </>
      )}
      <ExecutionsSection run={run} />
    </Page>
  )
}

/** Who or what started it; a slot of a schedule with the way there. */
function Cause({ cause }: Pick<Run, 'cause'>) {
  if (!cause.slot) return causeLabel(cause)
  return (
    <>
      by the schedule{' '}
      <TextLink underline="always" to="/schedules/$schedule" params={{ schedule: cause.slot.schedule }}>
        {cause.by}
      </TextLink>{' '}
      for its slot of <ExactMoment at={cause.slot.at} />
    </>
  )
}

function CancelButton({ run }: { run: Run }) {
  const may = useMay()
  const [isAsking, setAsking] = useState(false)
  const cancel = useCancelRun(run.id)
  return (
    <>
      <ActionButton
        may={may('runs.cancel')}
        why={{ verb: 'runs.cancel' }}
        variant="default"
        onClick={() => setAsking(true)}
      >
        Cancel the run
      </ActionButton>
      {isAsking && (
        <Confirm
          title="Cancel this run?"
          button="Cancel the run"
          keep="Let it run"
          isPending={cancel.isPending}
          error={cancel.error}
          onConfirm={() => cancel.mutate(undefined, { onSuccess: () => setAsking(false) })}
          onClose={() => setAsking(false)}
        >
          <Text size="sm">
            Devices that have not begun will not begin; where “{run.task.name}” is running, its processes are
            ended.
          </Text>
        </Confirm>
      )}
    </>
  )
}
