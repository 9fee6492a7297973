import { useSaveTask } from '../queries'
import { newDraft } from './draft'
import { TaskEditor } from './task-editor'

/** A task that is not there yet. */
export function NewTaskPage() {
  return <TaskEditor title="New task" start={newDraft} save={useSaveTask()} saveLabel="Create the task" />
}
