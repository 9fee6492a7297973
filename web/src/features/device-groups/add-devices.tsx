import { Button, Group, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { usePagedList } from '../../lib/api/pages'
import type { DeviceGroup } from '../../lib/api/types'
import { count } from '../../lib/words'
import { Failed } from '../../ui/answers'
import { Dialog } from '../../ui/dialog'
import { DevicePicker } from '../devices/device-picker'
import { deviceList } from '../devices/queries'
import { useAddDevices } from './queries'

/** Puts devices into a group. */
export function AddDevicesDialog({ group, onClose }: { group: DeviceGroup; onClose: () => void }) {
  const { query, items } = usePagedList(deviceList(), { whole: true })
  const [chosen, setChosen] = useState<string[]>([])
  const add = useAddDevices(group)
  const others = items?.filter(({ groups }) => !groups.includes(group.name))
  return (
    <Dialog onClose={onClose} title={`Add devices to ${group.name}`}>
      <Stack>
        {items && items.length > 0 && others?.length === 0 ? (
          <Text size="sm">Every device is in this group already.</Text>
        ) : (
          <DevicePicker list={{ query, items: others }} chosen={chosen} onChange={setChosen} />
        )}
        {add.error && <Failed error={add.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button
            disabled={chosen.length === 0}
            loading={add.isPending}
            onClick={() => add.mutate(chosen, { onSuccess: onClose })}
          >
            {chosen.length > 0 ? `Add ${count(chosen.length, 'device')}` : 'Add'}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  )
}
