import { List, Text } from '@mantine/core'
import { usePagedList } from '../../lib/api/pages'
import type { DeviceGroup } from '../../lib/api/types'
import { count } from '../../lib/words'
import { Confirm } from '../../ui/confirm'
import { roleWord } from '../access/roles'
import { groupList } from '../groups/queries'
import { useRemoveDeviceGroup } from './queries'

interface RemoveDeviceGroupProps {
  group: DeviceGroup
  onRemoved: () => void
  onClose: () => void
}

/** Removes a device group after saying what goes with it. */
export function RemoveDeviceGroupDialog({ group, onRemoved, onClose }: RemoveDeviceGroupProps) {
  const remove = useRemoveDeviceGroup(group, onRemoved)
  const { items } = usePagedList(groupList(), { whole: true })
  const overridden = (items ?? []).flatMap(({ id, name, role, overrides }) => {
    const found = overrides.find(({ device_group }) => device_group.id === group.id)
    return found ? [{ id, name, role, there: found.role }] : []
  })
  return (
    <Confirm
      title="Remove this device group?"
      button={`Remove ${group.name}`}
      isPending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <Text size="sm">
        {group.devices > 0
          ? `${count(group.devices, 'device leaves', 'devices leave')} the group and ${group.devices === 1 ? 'stays' : 'stay'} otherwise as ${group.devices === 1 ? 'it is' : 'they are'}.`
          : 'No device is in it.'}{' '}
        {overridden.length > 0 ? 'What groups of users may do there goes with it:' : ''}
      </Text>
      {overridden.length > 0 && (
        <List size="sm" mt="xs">
          {overridden.map(({ id, name, role, there }) => (
            <List.Item key={id}>
              {name} had {roleWord(there)} there; from then on its {roleWord(role)} counts.
            </List.Item>
          ))}
        </List>
      )}
    </Confirm>
  )
}
