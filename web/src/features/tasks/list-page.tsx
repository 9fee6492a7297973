import { Stack, Text } from '@mantine/core'
import { usePagedList } from '../../lib/api/pages'
import type { Task } from '../../lib/api/types'
import { count } from '../../lib/words'
import { ListAnswer, LoadMore, NothingHere } from '../../ui/answers'
import { CopyBlock } from '../../ui/copy'
import { PlusIcon, TaskIcon } from '../../ui/icons'
import { ButtonLink } from '../../ui/links'
import { Page } from '../../ui/page'
import { Row, RowLink, Rows } from '../../ui/rows'
import { RefusedButton } from '../access/action-button'
import { useMay } from '../access/queries'
import { taskList } from './queries'

/** The organization's tasks. */
export function TasksPage() {
  const { query, items } = usePagedList(taskList())
  return (
    <Page title="Tasks" actions={<NewTask />}>
      <ListAnswer query={query} items={items} empty={<NoTasks />}>
        {(tasks) => (
          <>
            <TaskRows tasks={tasks} />
            <LoadMore query={query} what="tasks" />
          </>
        )}
      </ListAnswer>
    </Page>
  )
}

function TaskRows({ tasks }: { tasks: Task[] }) {
  return (
    <Rows label="Tasks">
      {tasks.map((task) => (
        <Row key={task.id}>
          <RowLink to="/tasks/$task" params={{ task: task.id }}>
            {task.name}
          </RowLink>
          {task.description && (
            <Text size="sm" lineClamp={2}>
              {task.description}
            </Text>
          )}
          <Text size="sm" c="dimmed">
            {count(task.actions.length, 'action')} · version {task.version}
            {task.self_service && ' · self-service'}
          </Text>
        </Row>
      ))}
    </Rows>
  )
}

function NewTask() {
  const may = useMay()
  const button = { leftSection: <PlusIcon size={16} />, children: 'New task' }
  if (may('tasks.write')) return <ButtonLink to="/tasks/new" {...button} />
  return <RefusedButton why={{ verb: 'tasks.write' }} {...button} />
}

function NoTasks() {
  return (
    <NothingHere icon={TaskIcon} title="No tasks yet" action={<NewTask />}>
      <Stack gap="sm">
        <div>
          A task is a named, versioned list of actions that can be run again and again. Make one here, or
          write it as a file and send it with the command line:
        </div>
        <CopyBlock text="taskey tasks apply -f hello.yaml" label="Command that stores a task" />
      </Stack>
    </NothingHere>
  )
}
