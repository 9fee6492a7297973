import { Text } from '@mantine/core'
import type { Device } from '../../../lib/api/types'
import { count } from '../../../lib/words'
import { Confirm } from '../../../ui/confirm'
import { usePurgeQueue } from '../queries'

interface PurgeQueueProps {
  device: Device
  waiting: number
  onClose: () => void
}

/** Throws away all that waits for a device, once somebody has seen how much that is. */
export function PurgeQueueDialog({ device, waiting, onClose }: PurgeQueueProps) {
  const purge = usePurgeQueue(device)
  return (
    <Confirm
      title={`Cancel ${count(waiting, 'run')}?`}
      button={`Cancel ${count(waiting, 'run')}`}
      isPending={purge.isPending}
      error={purge.error}
      device={device.id}
      onConfirm={() => purge.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      <Text size="sm">
        What waits for {device.name} is cancelled there and will not run when the device is back. What was
        sent to it already goes on, and so do these runs on other devices.
      </Text>
    </Confirm>
  )
}
