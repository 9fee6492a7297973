import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import type { Task, TaskSpec } from '../../../lib/api/types'
import { type Editing, EditPage, useEdited } from '../../../ui/edit-page'
import { type ReadTask, taskToEdit, useSaveTask } from '../queries'
import { draftOf } from './draft'
import { TaskEditor } from './task-editor'

const route = getRouteApi('/in/tasks/$task/edit')

/** A task that is changed. */
export function EditTaskPage() {
  const { task: id } = route.useParams()
  const query = useQuery(taskToEdit(id))
  return (
    <EditPage title="Edit a task" query={query}>
      {(editing) => <EditTask key={id} {...editing} />}
    </EditPage>
  )
}

function EditTask(editing: Editing<ReadTask>) {
  const { opened, etag, conflictOf } = useEdited(editing, startOf)
  const save = useSaveTask({ id: opened.task.id, etag })
  return (
    <TaskEditor
      key={opened.etag}
      title={`Edit ${opened.task.name}`}
      task={opened.task}
      start={opened.start}
      save={save}
      saveLabel="Save"
      conflict={conflictOf('task', save)}
    />
  )
}

function startOf({ task }: ReadTask) {
  return draftOf(specIn(task))
}

function specIn({ name, description, on_failure, self_service, actions }: Task): TaskSpec {
  return { name, description, on_failure, self_service, actions }
}
