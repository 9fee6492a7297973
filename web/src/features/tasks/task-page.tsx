import { Button, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import type { Task } from '../../lib/api/types'
import { Failed, LoadingRows } from '../../ui/answers'
import { RunIcon } from '../../ui/icons'
import { TextLink } from '../../ui/links'
import { Moment } from '../../ui/moment'
import { Page } from '../../ui/page'
import { FactList } from '../../ui/rows'
import { Section } from '../../ui/section'
import { RunDialog } from '../runs/run-dialog-lazy'
import { ActionView } from './action-view'
import { onFailureWords } from './action-words'
import { taskDetail } from './queries'

const route = getRouteApi('/in/tasks/$task')

/** One task: what it does, and the way to run it. */
export function TaskPage() {
  const { task: id } = route.useParams()
  const query = useQuery(taskDetail(id))
  if (query.data) return <TaskView task={query.data} />
  return (
    <Page title="Task">
      {query.isError ? <Failed error={query.error} onRetry={() => void query.refetch()} /> : <LoadingRows />}
    </Page>
  )
}

function TaskView({ task }: { task: Task }) {
  const [isRunning, setRunning] = useState(false)
  return (
    <Page
      title={task.name}
      before={
        <TextLink to="/tasks" size="sm">
          Tasks
        </TextLink>
      }
      actions={
        <Button leftSection={<RunIcon size={15} />} onClick={() => setRunning(true)}>
          Run on devices…
        </Button>
      }
    >
      {task.description && <Text mb="md">{task.description}</Text>}
      <FactList
        facts={[
          { name: 'Version', value: task.version },
          { name: 'If an action fails', value: onFailureWords[task.on_failure] },
          { name: 'Self-service', value: task.self_service ? 'People with that role may start it' : 'No' },
          { name: 'Changed', value: <Moment at={task.updated_at} /> },
        ]}
      />
      <Section title="Actions">
        {task.actions.map((action, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: an action is known by its place in the list
          <ActionView key={index} action={action} number={index + 1} />
        ))}
      </Section>
      {isRunning && <RunDialog task={task.name} onClose={() => setRunning(false)} />}
    </Page>
  )
}
