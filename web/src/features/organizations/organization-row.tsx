import { Button, Group, Text } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Organization } from '../../lib/api/types'
import { count } from '../../lib/words'
import { Failed } from '../../ui/answers'
import { ExactMoment, Moment } from '../../ui/moment'
import { Tag, type TagTone } from '../../ui/tag'
import { meDetail } from '../accounts/queries'
import { DeleteOrganizationDialog } from './delete-organization'
import { DisableOrganizationDialog } from './disable-organization'
import { useEditOrganization } from './queries'
import { RenameOrganizationDialog } from './rename-organization'

const tones: Record<Organization['state'], TagTone> = { active: 'good', disabled: 'waiting', deleted: 'bad' }

/** One organization, and what an operator may do with it. One's own can only be renamed: one would lock oneself out. */
export function OrganizationRow({ organization }: { organization: Organization }) {
  const { data: me } = useSuspenseQuery(meDetail())
  const restore = useEditOrganization(organization)
  const [open, setOpen] = useState<'rename' | 'disable' | 'delete' | null>(null)
  const { name, state } = organization
  const isOwn = me.organization.id === organization.id
  const close = () => setOpen(null)
  const button = { variant: 'default', size: 'xs' } as const
  return (
    <>
      <Group justify="space-between" gap="xs" align="flex-start">
        <div>
          <Group gap="xs">
            <Text fw={600}>{name}</Text>
            <Tag tone={tones[state]}>{state}</Tag>
            {isOwn && <Tag tone="active">yours</Tag>}
          </Group>
          <Text size="sm" c="dimmed">
            {count(organization.members, 'user')} · {count(organization.devices, 'device')} · made{' '}
            <Moment at={organization.created_at} />
          </Text>
          {organization.delete_at && (
            <Text size="sm">
              Removed for good on <ExactMoment at={organization.delete_at} />, unless you bring it back.
            </Text>
          )}
        </div>
        <Group gap="xs">
          <Button {...button} aria-label={`Rename ${name}`} onClick={() => setOpen('rename')}>
            Rename
          </Button>
          {state === 'active' && !isOwn && (
            <Button {...button} aria-label={`Disable ${name}`} onClick={() => setOpen('disable')}>
              Disable
            </Button>
          )}
          {state !== 'active' && (
            <Button
              {...button}
              aria-label={state === 'deleted' ? `Bring back ${name}` : `Enable ${name}`}
              loading={restore.isPending}
              onClick={() => restore.mutate({ disabled: false })}
            >
              {state === 'deleted' ? 'Bring back' : 'Enable'}
            </Button>
          )}
          {state !== 'deleted' && !isOwn && (
            <Button {...button} aria-label={`Delete ${name}`} onClick={() => setOpen('delete')}>
              Delete
            </Button>
          )}
        </Group>
      </Group>
      {restore.error && <Failed error={restore.error} />}
      {open === 'rename' && <RenameOrganizationDialog organization={organization} onClose={close} />}
      {open === 'disable' && <DisableOrganizationDialog organization={organization} onClose={close} />}
      {open === 'delete' && <DeleteOrganizationDialog organization={organization} onClose={close} />}
    </>
  )
}
