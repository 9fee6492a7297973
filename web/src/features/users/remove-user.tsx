import { Text } from '@mantine/core'
import type { User } from '../../lib/api/types'
import { Confirm } from '../../ui/confirm'
import { useRemoveUser } from './queries'

interface RemoveUserProps {
  user: User
  onRemoved: () => void
  onClose: () => void
}

/** Removes a user after the user name was typed. */
export function RemoveUserDialog({ user, onRemoved, onClose }: RemoveUserProps) {
  const remove = useRemoveUser(user, onRemoved)
  return (
    <Confirm
      title="Remove this user?"
      button={`Remove ${user.username}`}
      typed={user.username}
      isPending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <Text size="sm">
        {user.username} is signed out everywhere at once, and every API key of theirs stops working: look at
        what uses them first. To keep somebody out for a while, disable them instead.
      </Text>
    </Confirm>
  )
}
