import { Button, Group, Stack, Text } from '@mantine/core'
import type { Invitation } from '../../lib/api/types'
import { CopyBlock } from '../../ui/copy'
import { ExactMoment } from '../../ui/moment'

interface InvitationLinkProps {
  invitation: Invitation
  /** For whom it is. */
  username: string
  onClose: () => void
}

/** A link to a password, shown this once. */
export function InvitationLink({ invitation, username, onClose }: InvitationLinkProps) {
  return (
    <Stack>
      <Text size="sm" role="status">
        Send this link to {username}, by a way that only {username} reads. Whoever opens it sets the password
        and is signed in. It is shown this once.
      </Text>
      <CopyBlock text={invitation.link} label="The link" />
      <Text size="sm" c="dimmed">
        It works once, until <ExactMoment at={invitation.expires_at} />. A newer link voids it.
      </Text>
      <Group justify="flex-end">
        <Button onClick={onClose}>Done</Button>
      </Group>
    </Stack>
  )
}
