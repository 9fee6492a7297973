import { Group, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useState } from 'react'
import type { Execution } from '../../lib/api/types'
import { Failed } from '../../ui/answers'
import { TextLink } from '../../ui/links'
import { Duration } from '../../ui/moment'
import { ActionButton } from '../access/action-button'
import { useMay } from '../access/queries'
import { ActionResults } from './action-results'
import classes from './execution-view.module.css'
import { Explanation } from './explain/explanation'
import { useLiveOutput } from './output/live'
import { OutputViewer } from './output/viewer'
import { useCancelExecution } from './queries'
import { isToldByAction, reasonText } from './reason'
import { isOver } from './state'
import { StateBadge } from './state-badge'

interface ExecutionViewProps {
  execution: Execution
  /** Its run is on other devices too, so that it may be cancelled alone. */
  isOneOfMany?: boolean
}

/** What happens on one device, live. */
export function ExecutionView({ execution: listed, isOneOfMany }: ExecutionViewProps) {
  const [streamed, setStreamed] = useState<Execution | null>(null)
  const queryClient = useQueryClient()
  const onExecution = useCallback(
    (execution: Execution) => {
      setStreamed(execution)
      // The stream may be ahead of the events: the run around it is read anew when this device is done.
      if (isOver(execution.state))
        void queryClient.invalidateQueries({ queryKey: ['runs', 'one', execution.run] })
    },
    [queryClient],
  )
  const output = useLiveOutput(listed.id, onExecution)
  const execution = newer(listed, streamed)

  return (
    <div className={classes.view}>
      <Group gap="sm" mb={4}>
        <TextLink to="/devices/$device" params={{ device: execution.device.id }} fw={600}>
          {execution.device.name}
        </TextLink>
        <span role="status">
          <StateBadge state={execution.state} />
        </span>
        {execution.started_at && (
          <Text size="sm" c="dimmed">
            {execution.finished_at ? 'ran for ' : 'running for '}
            <Duration from={execution.started_at} to={execution.finished_at} />
          </Text>
        )}
      </Group>
      {execution.reason && !isToldByAction(execution) && (
        <Text size="sm" mb="xs" className={classes.reason}>
          {reasonText(execution.reason)}
        </Text>
      )}
      <Explanation execution={execution} />
      {isOneOfMany && !isOver(execution.state) && <CancelHere execution={execution} />}
      <ActionResults results={execution.actions} />
      <OutputViewer output={output} name={execution.device.name} state={execution.state} />
    </div>
  )
}

/** Ends what happens here, and lets the run go on elsewhere. */
function CancelHere({ execution }: { execution: Execution }) {
  const may = useMay()
  const cancel = useCancelExecution(execution.id)
  return (
    <div className={classes.cancel}>
      <ActionButton
        may={may('runs.cancel')}
        why={{ verb: 'runs.cancel', device: execution.device.id }}
        variant="default"
        size="xs"
        loading={cancel.isPending}
        onClick={() => cancel.mutate()}
      >
        Cancel on {execution.device.name}
      </ActionButton>
      {cancel.isError && <Failed error={cancel.error} device={execution.device.id} />}
    </div>
  )
}

/** The list and the stream tell of the same execution; an end is never taken back. */
function newer(listed: Execution, streamed: Execution | null): Execution {
  if (!streamed) return listed
  return isOver(listed.state) && !isOver(streamed.state) ? listed : streamed
}
