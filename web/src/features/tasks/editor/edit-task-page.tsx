import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { ApiProblem } from '../../../lib/api/problem'
import type { Task, TaskSpec } from '../../../lib/api/types'
import { Failed, LoadingRows } from '../../../ui/answers'
import { Conflict } from '../../../ui/conflict'
import { Page } from '../../../ui/page'
import { type ReadTask, taskToEdit, useSaveTask } from '../queries'
import { draftOf } from './draft'
import { TaskEditor } from './task-editor'

const route = getRouteApi('/in/tasks/$task/edit')

/** A task that is changed. */
export function EditTaskPage() {
  const { task: id } = route.useParams()
  const query = useQuery(taskToEdit(id))
  if (query.data) return <EditTask key={id} newest={query.data} read={query.refetch} />
  return (
    <Page title="Edit a task">
      {query.isError ? <Failed error={query.error} onRetry={() => void query.refetch()} /> : <LoadingRows />}
    </Page>
  )
}

interface EditTaskProps {
  /** As it is on the server, as far as we know. */
  newest: ReadTask
  /** Reads it again. */
  read: () => Promise<{ isSuccess: boolean; data: ReadTask | undefined }>
}

function EditTask({ newest, read }: EditTaskProps) {
  const [{ task, start, key }, setOpened] = useState(() => opened(newest))
  const [etag, setEtag] = useState(newest.etag)
  const save = useSaveTask({ id: task.id, etag })
  const isOld = etag !== newest.etag && !save.isPending && !save.isSuccess
  const wasRefused = save.error instanceof ApiProblem && save.error.code === 'precondition_failed'

  const goOnFrom = async (decide: (now: ReadTask) => void) => {
    const { isSuccess, data } = await read()
    if (!isSuccess || !data) return
    save.reset()
    setEtag(data.etag)
    decide(data)
  }
  return (
    <TaskEditor
      key={key}
      title={`Edit ${task.name}`}
      task={task}
      start={start}
      save={save}
      saveLabel="Save"
      conflict={
        (isOld || wasRefused) && (
          <Conflict
            what="task"
            onLoad={() => goOnFrom((now) => setOpened(opened(now)))}
            onKeep={() => goOnFrom(() => undefined)}
          />
        )
      }
    />
  )
}

/** A version that is being edited; with another one the editor begins anew. */
function opened({ task, etag }: ReadTask) {
  return { task, start: draftOf(specIn(task)), key: etag }
}

function specIn({ name, description, on_failure, self_service, actions }: Task): TaskSpec {
  return { name, description, on_failure, self_service, actions }
}
