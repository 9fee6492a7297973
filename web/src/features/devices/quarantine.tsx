import { Alert, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { answer, api } from '../../lib/api/client'
import { problemText } from '../../lib/api/problem'
import type { Device } from '../../lib/api/types'
import { CopyBlock } from '../../ui/copy'
import { Moment } from '../../ui/moment'
import { ActionButton } from '../access/action-button'
import { useMay } from '../access/queries'
import { isAtLeast } from '../access/roles'

/** Says that nobody is let in as this device, and makes the command that gives it new keys. */
export function QuarantineNotice({ device }: { device: Device }) {
  const rekey = useMutation({
    mutationFn: () =>
      answer(api.POST('/api/v1/devices/{device}/rekey', { params: { path: { device: device.id } } })),
  })
  const mayEnroll = useMay()('devices.enroll')
  if (!device.quarantine) return null
  return (
    <Alert color="red" title="In quarantine" mb="md">
      <Stack gap="sm" align="flex-start">
        <Text size="sm">
          Since <Moment at={device.quarantine.since} /> a copy of this device’s keys is in use, and nobody can
          tell which is the device. Neither is let in until the device has new keys; what is run on it waits.
        </Text>
        {rekey.data ? (
          <>
            <Text size="sm">
              Stop taskeyd on the device that is the right one, type this there, and start taskeyd again. The
              token is shown this once and expires <Moment at={rekey.data.expires_at} />.
            </Text>
            <CopyBlock text={rekey.data.command} label="Command to type on the device" />
          </>
        ) : (
          <ActionButton
            may={mayEnroll && isAtLeast(device.role, 'admin')}
            why={mayEnroll ? { verb: 'devices.write', device: device.id } : { verb: 'devices.enroll' }}
            color="red"
            loading={rekey.isPending}
            onClick={() => rekey.mutate()}
          >
            Give it new keys
          </ActionButton>
        )}
        {rekey.error && (
          <Text size="sm" role="alert">
            {problemText(rekey.error)}
          </Text>
        )}
      </Stack>
    </Alert>
  )
}
