import { Text } from '@mantine/core'
import type { Task } from '../../lib/api/types'
import { Confirm } from '../../ui/confirm'
import { useRemoveTask } from './queries'

interface RemoveTaskProps {
  task: Task
  onRemoved: () => void
  onClose: () => void
}

/** Removes a task after asking. */
export function RemoveTaskDialog({ task, onRemoved, onClose }: RemoveTaskProps) {
  const remove = useRemoveTask(task, onRemoved)
  return (
    <Confirm
      title="Remove this task?"
      button={`Remove ${task.name}`}
      isPending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <Text size="sm">
        Nobody can run “{task.name}” any more, by hand or by program. Its runs stay, with what it did in them.
      </Text>
    </Confirm>
  )
}
