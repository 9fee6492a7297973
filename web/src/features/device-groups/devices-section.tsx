import { Button, Group, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { usePagedList } from '../../lib/api/pages'
import type { DeviceGroup } from '../../lib/api/types'
import { Failed, ListAnswer, LoadMore } from '../../ui/answers'
import { PlusIcon } from '../../ui/icons'
import { TextLink } from '../../ui/links'
import { Row, Rows } from '../../ui/rows'
import { Section } from '../../ui/section'
import { ActionButton } from '../access/action-button'
import { useMay } from '../access/queries'
import { PresenceSign } from '../devices/presence'
import { AddDevicesDialog } from './add-devices'
import { devicesOfGroup, useTakeDeviceOut } from './queries'

/** The devices in a group. */
export function DevicesSection({ group }: { group: DeviceGroup }) {
  const may = useMay()
  const { query, items } = usePagedList(devicesOfGroup(group.id))
  const takeOut = useTakeDeviceOut(group)
  const [isAdding, setAdding] = useState(false)
  return (
    <Section
      title="Devices"
      actions={
        <ActionButton
          may={may('device-groups.write')}
          why={{ verb: 'device-groups.write' }}
          variant="default"
          size="xs"
          leftSection={<PlusIcon size={14} />}
          onClick={() => setAdding(true)}
        >
          Add devices
        </ActionButton>
      }
    >
      <Stack gap="md">
        {takeOut.error && <Failed error={takeOut.error} />}
        <ListAnswer
          query={query}
          items={items}
          empty={
            <Text size="sm" c="dimmed">
              No device is in this group yet.
            </Text>
          }
        >
          {(devices) => (
            <>
              <Rows label="Devices">
                {devices.map((device) => (
                  <Row key={device.id}>
                    <Group justify="space-between" gap="xs">
                      <TextLink to="/devices/$device" params={{ device: device.id }} fw={600}>
                        {device.name}
                      </TextLink>
                      <Group gap="sm">
                        <PresenceSign device={device} />
                        {may('device-groups.write') && (
                          <Button
                            variant="default"
                            size="xs"
                            aria-label={`Take out ${device.name}`}
                            loading={takeOut.isPending && takeOut.variables === device.id}
                            onClick={() => takeOut.mutate(device.id)}
                          >
                            Take out
                          </Button>
                        )}
                      </Group>
                    </Group>
                  </Row>
                ))}
              </Rows>
              <LoadMore query={query} what="devices" />
            </>
          )}
        </ListAnswer>
      </Stack>
      {isAdding && <AddDevicesDialog group={group} onClose={() => setAdding(false)} />}
    </Section>
  )
}
