import { Text } from '@mantine/core'
import type { Schedule } from '../../lib/api/types'
import { Confirm } from '../../ui/confirm'
import { useRemoveSchedule } from './queries'

interface RemoveScheduleProps {
  schedule: Schedule
  onRemoved: () => void
  onClose: () => void
}

/** Removes a schedule after asking. */
export function RemoveScheduleDialog({ schedule, onRemoved, onClose }: RemoveScheduleProps) {
  const remove = useRemoveSchedule(schedule, onRemoved)
  return (
    <Confirm
      title="Remove this schedule?"
      button={`Remove ${schedule.name}`}
      isPending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <Text size="sm">
        “{schedule.name}” fires no more: devices stop as soon as they hear of it. What it has run stays with
        its runs. To stop it for a while, pause it instead.
      </Text>
    </Confirm>
  )
}
