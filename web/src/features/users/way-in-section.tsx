import { Group, Text } from '@mantine/core'
import { useState } from 'react'
import type { User } from '../../lib/api/types'
import { Failed } from '../../ui/answers'
import { Confirm } from '../../ui/confirm'
import { Dialog } from '../../ui/dialog'
import { Section } from '../../ui/section'
import { ActionButton } from '../access/action-button'
import { useMay } from '../access/queries'
import { InvitationLink } from '../accounts/invitation-link'
import { useEditUser, useInviteUser } from './queries'

/** Links to a password, and whether a user is let in at all. */
export function WayInSection({ user }: { user: User }) {
  const may = useMay()
  const invite = useInviteUser(user)
  const edit = useEditUser(user)
  const [isDisabling, setDisabling] = useState(false)
  const isDisabled = user.state === 'disabled'
  const action = { may: may('users.write'), why: { verb: 'users.write' }, variant: 'default' as const }
  return (
    <Section title="Way in">
      <Text size="sm" c="dimmed" mb="sm">
        {words[user.state]}
      </Text>
      <Group gap="xs">
        {!isDisabled && (
          <ActionButton {...action} loading={invite.isPending} onClick={() => invite.mutate()}>
            {user.state === 'invited' ? 'Make a new link' : 'Make a link to a new password'}
          </ActionButton>
        )}
        {isDisabled ? (
          <ActionButton {...action} loading={edit.isPending} onClick={() => edit.mutate({ disabled: false })}>
            Enable
          </ActionButton>
        ) : (
          <ActionButton {...action} onClick={() => setDisabling(true)}>
            Disable
          </ActionButton>
        )}
      </Group>
      {invite.error && <Failed error={invite.error} />}
      {edit.error && !isDisabling && <Failed error={edit.error} />}

      {invite.data && (
        <Dialog
          onClose={() => invite.reset()}
          title={`A link for ${user.username}`}
          closeOnClickOutside={false}
        >
          <InvitationLink invitation={invite.data} username={user.username} onClose={() => invite.reset()} />
        </Dialog>
      )}
      {isDisabling && (
        <Confirm
          title="Disable this user?"
          button={`Disable ${user.username}`}
          keep="Leave it"
          isPending={edit.isPending}
          error={edit.error}
          onConfirm={() => edit.mutate({ disabled: true }, { onSuccess: () => setDisabling(false) })}
          onClose={() => {
            edit.reset()
            setDisabling(false)
          }}
        >
          <Text size="sm">
            {user.username} is signed out everywhere at once and let in nowhere, neither in a browser nor with
            an API key. Names, groups and keys stay as they are until you enable the user again.
          </Text>
        </Confirm>
      )}
    </Section>
  )
}

const words: Record<User['state'], string> = {
  active: 'Signs in with a password. Who has lost it gets a link to set a new one.',
  invited: 'Has no password yet. The link sets the first one; a new link voids the one before.',
  disabled: 'Is let in nowhere, neither in a browser nor with an API key.',
}
