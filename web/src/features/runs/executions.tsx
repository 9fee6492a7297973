import { Text } from '@mantine/core'
import { getRouteApi } from '@tanstack/react-router'
import { usePagedList } from '../../lib/api/pages'
import type { Execution, Run } from '../../lib/api/types'
import { ListAnswer } from '../../ui/answers'
import { Section } from '../../ui/section'
import { ExecutionList } from './execution-list'
import { ExecutionView } from './execution-view'
import classes from './executions.module.css'
import { executionList } from './queries'
import { deviceCount } from './state'

const route = getRouteApi('/in/runs/$run')

/** A run's devices, or those of the chosen group, and what happens on the chosen one. */
export function ExecutionsSection({ run }: { run: Run }) {
  const { execution: chosenId, group } = route.useSearch()
  const { query, items } = usePagedList(executionList(run.id, group))
  const navigate = route.useNavigate()
  const isOnOne = deviceCount(run) === 1
  return (
    <Section title={isOnOne ? 'On the device' : group ? 'On the devices of the group' : 'On the devices'}>
      <ListAnswer query={query} items={items} empty={group ? <EmptyGroup /> : <NoDevices />}>
        {(executions) => {
          const chosen = chosenExecution(executions, chosenId)
          if (isOnOne) return chosen && <ExecutionView key={chosen.id} execution={chosen} />
          return (
            <div className={classes.split} data-chosen={chosenId !== undefined || undefined}>
              <ExecutionList
                executions={executions}
                chosenId={chosen?.id}
                query={query}
                onChoose={(execution) =>
                  void navigate({ search: { execution, group }, replace: true, resetScroll: false })
                }
              />
              {chosen && <ExecutionView key={chosen.id} execution={chosen} />}
            </div>
          )
        }}
      </ListAnswer>
    </Section>
  )
}

function NoDevices() {
  return <Text size="sm">This run has no devices.</Text>
}

/** What goes on leaves its group when it ends; the list of groups has the way back. */
function EmptyGroup() {
  return <Text size="sm">No device is in this group any more.</Text>
}

/** The one that was asked for, else the first. */
function chosenExecution(executions: Execution[], id: string | undefined): Execution | undefined {
  return executions.find((execution) => execution.id === id) ?? executions[0]
}
