import { Text } from '@mantine/core'
import type { Device } from '../../lib/api/types'
import { Confirm } from '../../ui/confirm'
import { useRemoveDevice } from './queries'

interface RemoveDeviceProps {
  device: Device
  onRemoved: () => void
  onClose: () => void
}

/** Removes a device after its name was typed. */
export function RemoveDeviceDialog({ device, onRemoved, onClose }: RemoveDeviceProps) {
  const remove = useRemoveDevice(device, onRemoved)
  return (
    <Confirm
      title="Remove this device?"
      button={`Remove ${device.name}`}
      typed={device.name}
      isPending={remove.isPending}
      error={remove.error}
      device={device.id}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <Text size="sm">
        The line to {device.name} is cut, and what waits for it will never run. To come back it has to be
        enrolled anew.
      </Text>
    </Confirm>
  )
}
