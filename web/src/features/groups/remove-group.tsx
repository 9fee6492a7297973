import { Text } from '@mantine/core'
import type { Group } from '../../lib/api/types'
import { count } from '../../lib/words'
import { Confirm } from '../../ui/confirm'
import { useRemoveGroup } from './queries'

interface RemoveGroupProps {
  group: Group
  onRemoved: () => void
  onClose: () => void
}

/** Removes a group after asking. */
export function RemoveGroupDialog({ group, onRemoved, onClose }: RemoveGroupProps) {
  const remove = useRemoveGroup(group, onRemoved)
  return (
    <Confirm
      title="Remove this group?"
      button={`Remove ${group.name}`}
      isPending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <Text size="sm">
        {group.members > 0
          ? `${count(group.members, 'member loses', 'members lose')} at once what “${group.name}” gives.`
          : `Nobody is in “${group.name}”.`}{' '}
        Its roles in device groups go too.
      </Text>
    </Confirm>
  )
}
