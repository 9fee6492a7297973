import { Button, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Device } from '../../lib/api/types'
import { count } from '../../lib/words'
import { Failed, LoadingRows } from '../../ui/answers'
import { PenIcon, RunIcon, TrashIcon } from '../../ui/icons'
import { LabelTags } from '../../ui/labels'
import { TextLink } from '../../ui/links'
import { ExactMoment } from '../../ui/moment'
import { Page } from '../../ui/page'
import { FactList } from '../../ui/rows'
import { Section } from '../../ui/section'
import { RecentRuns } from '../runs/recent-runs'
import { RunDialog } from '../runs/run-dialog-lazy'
import { EditDeviceDialog } from './edit-device'
import { readableFacts } from './facts'
import { PolicySection } from './policy-section'
import { PresenceSign } from './presence'
import { QuarantineNotice } from './quarantine'
import { deviceDetail } from './queries'
import { RemoveDeviceDialog } from './remove-device'

const route = getRouteApi('/in/devices/$device')

/** One device: whether it is there, what it is, what it lets others do, what it did. */
export function DevicePage() {
  const { device: id } = route.useParams()
  const query = useQuery(deviceDetail(id))
  if (query.data) return <DeviceView device={query.data} />
  return (
    <Page title="Device">
      {query.isError ? <Failed error={query.error} onRetry={() => void query.refetch()} /> : <LoadingRows />}
    </Page>
  )
}

function DeviceView({ device }: { device: Device }) {
  const navigate = useNavigate()
  const [open, setOpen] = useState<'run' | 'edit' | 'remove' | null>(null)
  const close = () => setOpen(null)
  return (
    <Page
      title={device.name}
      before={
        <TextLink to="/devices" size="sm">
          Devices
        </TextLink>
      }
      beside={<PresenceSign device={device} />}
      actions={
        <Button leftSection={<RunIcon size={15} />} onClick={() => setOpen('run')}>
          Run a command
        </Button>
      }
    >
      <QuarantineNotice device={device} />
      {Object.keys(device.labels).length > 0 ? (
        <LabelTags labels={device.labels} />
      ) : (
        <Text size="sm" c="dimmed">
          No labels yet.
        </Text>
      )}
      {device.queued > 0 && (
        <Text size="sm" mt="sm">
          {count(device.queued, 'run')} {device.queued === 1 ? 'waits' : 'wait'} for this device.
        </Text>
      )}
      <Button
        variant="default"
        size="xs"
        mt="sm"
        leftSection={<PenIcon size={14} />}
        onClick={() => setOpen('edit')}
      >
        Edit name and labels
      </Button>

      <Section title="Recent runs">
        <RecentRuns device={device.id} />
      </Section>
      <PolicySection policy={device.policy ?? null} />
      <Section title="Facts">
        <FactList
          facts={[
            { name: 'Agent', value: device.agent_version },
            { name: 'Enrolled', value: <ExactMoment at={device.enrolled_at} /> },
            ...(device.groups.length > 0 ? [{ name: 'Groups', value: device.groups.join(', ') }] : []),
            ...readableFacts(device.facts),
            { name: 'Id', value: device.id },
          ]}
        />
      </Section>
      <Section title="Remove">
        <Text size="sm" c="dimmed" mb="sm">
          Cuts its line for good. It comes back only by a new enrolment.
        </Text>
        <Button variant="default" leftSection={<TrashIcon size={15} />} onClick={() => setOpen('remove')}>
          Remove this device
        </Button>
      </Section>

      {open === 'run' && <RunDialog devices={[device.id]} onClose={close} />}
      {open === 'edit' && <EditDeviceDialog device={device} onClose={close} />}
      {open === 'remove' && (
        <RemoveDeviceDialog
          device={device}
          onClose={close}
          onRemoved={() => void navigate({ to: '/devices' })}
        />
      )}
    </Page>
  )
}
