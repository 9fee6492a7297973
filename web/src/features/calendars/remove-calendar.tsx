import { Text } from '@mantine/core'
import type { Calendar } from '../../lib/api/types'
import { Confirm } from '../../ui/confirm'
import { useRemoveCalendar } from './queries'

interface RemoveCalendarProps {
  calendar: Calendar
  onRemoved: () => void
  onClose: () => void
}

/** Removes a calendar after asking; the server refuses while schedules name it, and says which. */
export function RemoveCalendarDialog({ calendar, onRemoved, onClose }: RemoveCalendarProps) {
  const remove = useRemoveCalendar(calendar, onRemoved)
  return (
    <Confirm
      title="Remove this calendar?"
      button={`Remove ${calendar.name}`}
      isPending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <Text size="sm">“{calendar.name}” and its events are gone then, and cannot be brought back.</Text>
    </Confirm>
  )
}
