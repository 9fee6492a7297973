import { Button, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { usePagedList } from '../../lib/api/pages'
import type { DeviceGroup } from '../../lib/api/types'
import { count } from '../../lib/words'
import { Failed, LoadingRows } from '../../ui/answers'
import { PenIcon, RunIcon, TrashIcon } from '../../ui/icons'
import { TextLink } from '../../ui/links'
import { Page } from '../../ui/page'
import { Section } from '../../ui/section'
import { ActionButton } from '../access/action-button'
import { useMay } from '../access/queries'
import { isAtLeast, roleName } from '../access/roles'
import { RunDialog } from '../runs/run-dialog-lazy'
import { DevicesSection } from './devices-section'
import { EditDeviceGroupDialog } from './edit-group'
import { deviceGroupDetail, devicesOfGroup } from './queries'
import { RemoveDeviceGroupDialog } from './remove-group'

const route = getRouteApi('/in/device-groups/$group')

/** One device group: which devices are in it. */
export function DeviceGroupPage() {
  const { group: id } = route.useParams()
  const query = useQuery(deviceGroupDetail(id))
  if (query.data) return <DeviceGroupView group={query.data} />
  return (
    <Page title="Device group">
      {query.isError ? <Failed error={query.error} onRetry={() => void query.refetch()} /> : <LoadingRows />}
    </Page>
  )
}

function DeviceGroupView({ group }: { group: DeviceGroup }) {
  const may = useMay()
  const navigate = useNavigate()
  const [open, setOpen] = useState<'run' | 'edit' | 'remove' | null>(null)
  const close = () => setOpen(null)
  // One of them stands for all when it is asked why.
  const { items } = usePagedList(devicesOfGroup(group.id))
  return (
    <Page
      title={group.name}
      before={
        <TextLink to="/device-groups" size="sm">
          Device groups
        </TextLink>
      }
      beside={<Text c="dimmed">{count(group.devices, 'device')}</Text>}
      actions={
        <>
          <ActionButton
            may={may('device-groups.write')}
            why={{ verb: 'device-groups.write' }}
            variant="default"
            leftSection={<PenIcon size={15} />}
            onClick={() => setOpen('edit')}
          >
            Edit
          </ActionButton>
          {group.devices > 0 && (
            <ActionButton
              may={isAtLeast(group.role, 'self-service')}
              why={{ verb: 'runs.start', device: items?.[0]?.id }}
              leftSection={<RunIcon size={15} />}
              onClick={() => setOpen('run')}
            >
              Run on all of them
            </ActionButton>
          )}
        </>
      }
    >
      {group.description && <Text mb="xs">{group.description}</Text>}
      <Text size="sm" c="dimmed">
        Your role here: {roleName(group.role)}.
      </Text>
      <DevicesSection group={group} />
      {may('device-groups.write') && (
        <Section title="Remove">
          <Text size="sm" c="dimmed" mb="sm">
            The devices stay; what groups of users may do here goes with it.
          </Text>
          <Button variant="default" leftSection={<TrashIcon size={15} />} onClick={() => setOpen('remove')}>
            Remove this device group
          </Button>
        </Section>
      )}

      {open === 'run' && (
        <RunDialog
          groups={[group.id]}
          startsWith={group.role === 'self-service' ? 'task' : undefined}
          onClose={close}
        />
      )}
      {open === 'edit' && <EditDeviceGroupDialog group={group} onClose={close} />}
      {open === 'remove' && (
        <RemoveDeviceGroupDialog
          group={group}
          onClose={close}
          onRemoved={() => void navigate({ to: '/device-groups' })}
        />
      )}
    </Page>
  )
}
