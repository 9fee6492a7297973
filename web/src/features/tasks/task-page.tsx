import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Task } from '../../lib/api/types'
import { Failed, LoadingRows } from '../../ui/answers'
import { PenIcon, RunIcon, TrashIcon } from '../../ui/icons'
import { ButtonLink, TextLink } from '../../ui/links'
import { Moment } from '../../ui/moment'
import { Page } from '../../ui/page'
import { FactList } from '../../ui/rows'
import { Section } from '../../ui/section'
import { ActionButton, RefusedButton } from '../access/action-button'
import { useMay } from '../access/queries'
import { RunDialog } from '../runs/run-dialog-lazy'
import { unmarkedNote } from '../runs/run-form'
import { SchedulesOf } from '../schedules/schedules-of'
import { ActionView } from './action-view'
import { onFailureWords } from './action-words'
import { taskDetail } from './queries'
import { RemoveTaskDialog } from './remove-task'

const route = getRouteApi('/in/tasks/$task')

/** One task: what it does, and the ways to run, edit and remove it. */
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
  const may = useMay()
  const navigate = useNavigate()
  const [open, setOpen] = useState<'run' | 'remove' | null>(null)
  const close = () => setOpen(null)
  return (
    <Page
      title={task.name}
      before={
        <TextLink to="/tasks" size="sm">
          Tasks
        </TextLink>
      }
      actions={
        <>
          {may('tasks.write') ? (
            <ButtonLink to="/tasks/$task/edit" params={{ task: task.id }} {...edit} />
          ) : (
            <RefusedButton why={{ verb: 'tasks.write' }} {...edit} />
          )}
          <ActionButton
            may={may(task.self_service ? 'runs.start' : 'runs.exec')}
            why={task.self_service ? { verb: 'runs.start' } : { verb: 'runs.exec', note: unmarkedNote }}
            leftSection={<RunIcon size={15} />}
            onClick={() => setOpen('run')}
          >
            Run on devices…
          </ActionButton>
        </>
      }
    >
      {task.description && <Text mb="md">{task.description}</Text>}
      <FactList
        facts={[
          { name: 'Version', value: <VersionLink task={task} /> },
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
      {may('schedules.read') && (
        <Section title="Schedules" actions={may('schedules.write') && <ScheduleIt task={task} />}>
          <SchedulesOf task={task.id} none="No schedule runs it." />
        </Section>
      )}
      <Section title="Remove">
        <Text size="sm" c="dimmed" mb="sm">
          It can no longer be run. The runs that used it stay.
        </Text>
        <ActionButton
          may={may('tasks.write')}
          why={{ verb: 'tasks.write' }}
          variant="default"
          leftSection={<TrashIcon size={15} />}
          onClick={() => setOpen('remove')}
        >
          Remove this task
        </ActionButton>
      </Section>

      {open === 'run' && <RunDialog task={task} onClose={close} />}
      {open === 'remove' && (
        <RemoveTaskDialog task={task} onClose={close} onRemoved={() => void navigate({ to: '/tasks' })} />
      )}
    </Page>
  )
}

const edit = { variant: 'default', leftSection: <PenIcon size={15} />, children: 'Edit' }

function ScheduleIt({ task }: { task: Task }) {
  return (
    <ButtonLink to="/schedules/new" search={{ task: task.name }} variant="default" size="xs">
      Schedule it
    </ButtonLink>
  )
}

function VersionLink({ task }: { task: Task }) {
  return (
    <>
      {task.version}
      {' · '}
      <TextLink to="/tasks/$task/versions" params={{ task: task.id }}>
        what each version changed
      </TextLink>
    </>
  )
}
