import { Group, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useState } from 'react'
import type { Execution } from '../../lib/api/types'
import { TextLink } from '../../ui/links'
import { Duration } from '../../ui/moment'
import { ActionResults } from './action-results'
import classes from './execution-view.module.css'
import { useLiveOutput } from './output/live'
import { OutputViewer } from './output/viewer'
import { isToldByAction, reasonText } from './reason'
import { isOver } from './state'
import { StateBadge } from './state-badge'

/** What happens on one device, live. */
export function ExecutionView({ execution: listed }: { execution: Execution }) {
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
      <ActionResults results={execution.actions} />
      <OutputViewer output={output} name={execution.device.name} state={execution.state} />
    </div>
  )
}

/** The list and the stream tell of the same execution; an end is never taken back. */
function newer(listed: Execution, streamed: Execution | null): Execution {
  if (!streamed) return listed
  return isOver(listed.state) && !isOver(streamed.state) ? listed : streamed
}
