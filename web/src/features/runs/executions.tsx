import { Text } from '@mantine/core'
import { getRouteApi } from '@tanstack/react-router'
import { usePagedList } from '../../lib/api/pages'
import type { Execution } from '../../lib/api/types'
import { ListAnswer } from '../../ui/answers'
import { Section } from '../../ui/section'
import { ExecutionList } from './execution-list'
import { ExecutionView } from './execution-view'
import classes from './executions.module.css'
import { executionList } from './queries'

const route = getRouteApi('/in/runs/$run')

/** A run's devices, and what happens on the chosen one. */
export function ExecutionsSection({ run }: { run: string }) {
  const { query, items } = usePagedList(executionList(run))
  const { execution: chosenId } = route.useSearch()
  const navigate = route.useNavigate()
  return (
    <Section title={items?.length === 1 ? 'On the device' : 'On the devices'}>
      <ListAnswer query={query} items={items} empty={<Text size="sm">This run has no devices.</Text>}>
        {(executions) => {
          const chosen = chosenExecution(executions, chosenId)
          if (executions.length === 1 && !query.hasNextPage)
            return chosen && <ExecutionView execution={chosen} />
          return (
            <div className={classes.split} data-chosen={chosenId !== undefined || undefined}>
              <ExecutionList
                executions={executions}
                chosenId={chosen?.id}
                query={query}
                onChoose={(execution) =>
                  void navigate({ search: { execution }, replace: true, resetScroll: false })
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

/** The one that was asked for, else the first. */
function chosenExecution(executions: Execution[], id: string | undefined): Execution | undefined {
  return executions.find((execution) => execution.id === id) ?? executions[0]
}
