import { Button, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { User } from '../../lib/api/types'
import { Failed, LoadingRows } from '../../ui/answers'
import { PenIcon, TrashIcon } from '../../ui/icons'
import { TextLink } from '../../ui/links'
import { ExactMoment } from '../../ui/moment'
import { Page } from '../../ui/page'
import { FactList } from '../../ui/rows'
import { Section } from '../../ui/section'
import { ActionButton } from '../access/action-button'
import { useMay } from '../access/queries'
import { EditUserDialog } from './edit-user'
import { userDetail } from './queries'
import { RemoveUserDialog } from './remove-user'
import { SessionsSection } from './sessions-section'
import { UserTags } from './user-tags'
import { WayInSection } from './way-in-section'
import { WhatMayThey } from './what-may-they'

const route = getRouteApi('/in/users/$user')

/** One user: who it is, what they may do, and how they come in. */
export function UserPage() {
  const { user: id } = route.useParams()
  const query = useQuery(userDetail(id))
  if (query.data) return <UserView user={query.data} />
  return (
    <Page title="User">
      {query.isError ? <Failed error={query.error} onRetry={() => void query.refetch()} /> : <LoadingRows />}
    </Page>
  )
}

function UserView({ user }: { user: User }) {
  const may = useMay()
  const navigate = useNavigate()
  const [open, setOpen] = useState<'edit' | 'remove' | null>(null)
  const close = () => setOpen(null)
  return (
    <Page
      title={user.name || user.username}
      before={
        <TextLink to="/users" size="sm">
          Users
        </TextLink>
      }
      beside={<UserTags user={user} />}
      actions={
        <ActionButton
          may={may('users.write')}
          why={{ verb: 'users.write' }}
          variant="default"
          leftSection={<PenIcon size={15} />}
          onClick={() => setOpen('edit')}
        >
          Edit
        </ActionButton>
      }
    >
      <FactList
        facts={[
          { name: 'User name', value: user.username },
          { name: 'Groups', value: <GroupLinks user={user} /> },
          {
            name: 'Last signed in',
            value: user.signed_in_at ? <ExactMoment at={user.signed_in_at} /> : 'Never',
          },
          { name: 'Created', value: <ExactMoment at={user.created_at} /> },
          { name: 'Id', value: user.id },
        ]}
      />
      <WhatMayThey user={user} />
      <WayInSection user={user} />
      <SessionsSection user={user} />
      {may('users.write') && (
        <Section title="Remove">
          <Text size="sm" c="dimmed" mb="sm">
            The user's keys and sessions go too; what the user did stays in runs and in the audit log.
          </Text>
          <Button variant="default" leftSection={<TrashIcon size={15} />} onClick={() => setOpen('remove')}>
            Remove this user
          </Button>
        </Section>
      )}

      {open === 'edit' && <EditUserDialog user={user} onClose={close} />}
      {open === 'remove' && (
        <RemoveUserDialog user={user} onClose={close} onRemoved={() => void navigate({ to: '/users' })} />
      )}
    </Page>
  )
}

function GroupLinks({ user }: { user: User }) {
  if (user.groups.length === 0) return user.super ? 'None, and none is needed' : 'None, so nothing is allowed'
  return user.groups.map(({ id, name }, index) => (
    <span key={id}>
      {index > 0 && ', '}
      <TextLink to="/groups/$group" params={{ group: id }}>
        {name}
      </TextLink>
    </span>
  ))
}
