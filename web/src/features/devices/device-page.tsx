import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Device } from '../../lib/api/types'
import { Failed, LoadingRows } from '../../ui/answers'
import { PenIcon, RunIcon, TrashIcon } from '../../ui/icons'
import { GroupTags, LabelTags } from '../../ui/labels'
import { TextLink } from '../../ui/links'
import { ExactMoment } from '../../ui/moment'
import { Page } from '../../ui/page'
import { FactList } from '../../ui/rows'
import { Section } from '../../ui/section'
import { ActionButton } from '../access/action-button'
import { useMay } from '../access/queries'
import { isAtLeast, roleName } from '../access/roles'
import { QueueSection } from '../runs/queue/queue-section'
import { RecentRuns } from '../runs/recent-runs'
import { RunDialog } from '../runs/run-dialog-lazy'
import { SchedulesOf } from '../schedules/schedules-of'
import classes from './device-page.module.css'
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
  const may = useMay()
  const navigate = useNavigate()
  const [open, setOpen] = useState<'run' | 'edit' | 'remove' | null>(null)
  const close = () => setOpen(null)
  const write = {
    may: isAtLeast(device.role, 'admin'),
    why: { verb: 'devices.write', device: device.id },
  }
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
        <ActionButton
          may={isAtLeast(device.role, 'self-service')}
          why={{ verb: 'runs.exec', device: device.id }}
          leftSection={<RunIcon size={15} />}
          onClick={() => setOpen('run')}
        >
          {device.role === 'self-service' ? 'Run a task' : 'Run a command'}
        </ActionButton>
      }
    >
      <QuarantineNotice device={device} />
      {device.groups.length > 0 && (
        <div className={classes.groups}>
          <GroupTags label="Device groups" names={device.groups} />
        </div>
      )}
      {Object.keys(device.labels).length > 0 ? (
        <LabelTags labels={device.labels} />
      ) : (
        <Text size="sm" c="dimmed">
          No labels yet.
        </Text>
      )}
      <div className={classes.edit}>
        <ActionButton
          {...write}
          variant="default"
          size="xs"
          leftSection={<PenIcon size={14} />}
          onClick={() => setOpen('edit')}
        >
          Edit name and labels
        </ActionButton>
      </div>

      {mayHaveQueue(device) && <QueueSection device={device} />}
      <Section title="Recent runs">
        <RecentRuns device={device.id} />
      </Section>
      {may('schedules.read') && (
        <Section title="Schedules">
          <SchedulesOf device={device.id} none="It keeps no schedule." />
        </Section>
      )}
      <PolicySection policy={device.policy ?? null} />
      <Section title="Facts">
        <FactList
          facts={[
            { name: 'Agent', value: device.agent_version },
            { name: 'Enrolled', value: <ExactMoment at={device.enrolled_at} /> },
            { name: 'Your role', value: roleName(device.role) },
            ...readableFacts(device.facts),
            { name: 'Id', value: device.id },
          ]}
        />
      </Section>
      <Section title="Remove">
        <Text size="sm" c="dimmed" mb="sm">
          Cuts its line for good. It comes back only by a new enrolment.
        </Text>
        <ActionButton
          {...write}
          variant="default"
          leftSection={<TrashIcon size={15} />}
          onClick={() => setOpen('remove')}
        >
          Remove this device
        </ActionButton>
      </Section>

      {open === 'run' && (
        <RunDialog
          devices={[device.id]}
          startsWith={device.role === 'self-service' ? 'task' : undefined}
          onClose={close}
        />
      )}
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

/** What waits is shown while the device is away, and as long as something does. */
function mayHaveQueue(device: Device): boolean {
  return device.queued > 0 || device.presence === 'offline' || device.quarantine != null
}
