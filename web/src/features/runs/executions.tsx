import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { usePagedList } from '../../lib/api/pages'
import type { Execution, Run } from '../../lib/api/types'
import { ListAnswer } from '../../ui/answers'
import { Section } from '../../ui/section'
import { ExecutionList } from './execution-list'
import { ExecutionView } from './execution-view'
import classes from './executions.module.css'
import { executionDetail, executionList } from './queries'
import { deviceCount } from './state'

const route = getRouteApi('/in/runs/$run')

/** A run's devices, or those of the chosen group, and what happens on the chosen one. */
export function ExecutionsSection({ run }: { run: Run }) {
  const { execution: chosenId, group } = route.useSearch()
  const { query, items } = usePagedList(executionList(run.id, group))
  const navigate = route.useNavigate()
  const isOnOne = deviceCount(run) === 1
  const beyond = useBeyond(run, items, chosenId)
  return (
    <Section
      id="on-device"
      title={isOnOne ? 'On the device' : group ? 'On the devices of the group' : 'On the devices'}
    >
      <ListAnswer query={query} items={items} empty={group ? <EmptyGroup /> : <NoDevices />}>
        {(executions) => {
          const chosen = chosenExecution(executions, chosenId, beyond)
          if (isOnOne) return chosen && <ExecutionView key={chosen.id} execution={chosen} />
          return (
            <div className={classes.split} data-chosen={chosenId !== undefined || undefined}>
              <ExecutionList
                executions={executions}
                chosenId={chosen?.id}
                query={query}
                onChoose={(execution) =>
                  void navigate({
                    search: (before) => ({ ...before, execution }),
                    replace: true,
                    resetScroll: false,
                  })
                }
              />
              {chosen && <ExecutionView key={chosen.id} execution={chosen} isOneOfMany />}
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

/** The chosen execution where it is not among those that were read: of many only the first are. */
function useBeyond(
  run: Run,
  read: Execution[] | undefined,
  chosenId: string | undefined,
): Execution | undefined {
  const isBeyond = chosenId !== undefined && read !== undefined && !read.some(({ id }) => id === chosenId)
  const query = useQuery({ ...executionDetail(chosenId ?? ''), enabled: isBeyond })
  return isBeyond && query.data?.run === run.id ? query.data : undefined
}

/** The one that was asked for, else the first. */
function chosenExecution(
  executions: Execution[],
  id: string | undefined,
  beyond: Execution | undefined,
): Execution | undefined {
  return executions.find((execution) => execution.id === id) ?? beyond ?? executions[0]
}
