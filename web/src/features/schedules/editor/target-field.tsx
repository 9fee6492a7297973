import { Button, MultiSelect, Stack, Text } from '@mantine/core'
import { usePagedList } from '../../../lib/api/pages'
import type { Device, Targets } from '../../../lib/api/types'
import { count } from '../../../lib/words'
import { isAtLeast } from '../../access/roles'
import { deviceGroupList } from '../../device-groups/queries'
import { DevicePicker } from '../../devices/device-picker'
import { deviceList } from '../../devices/queries'

interface TargetFieldProps {
  value: Targets
  problem?: string
  onChange: (targets: Targets) => void
}

interface Named {
  id: string
  name: string
}

/** Chooses devices and device groups. What is chosen is written by name; what was written by id stays so. */
export function TargetField({ value, problem, onChange }: TargetFieldProps) {
  const devices = usePagedList(deviceList(), { whole: true })
  const groups = usePagedList(deviceGroupList(), { whole: true })
  const { devices: deviceWords = [], groups: groupWords = [] } = value
  const change = (changed: Targets) => onChange({ ...value, ...changed })
  const unknown = [
    ...(isRead(devices) ? unknownIn(deviceWords, devices.items ?? []) : []),
    ...(isRead(groups) ? unknownIn(groupWords, groups.items ?? []) : []),
  ]
  const forget = () => {
    change({
      devices: deviceWords.filter((word) => !unknown.includes(word)),
      groups: groupWords.filter((word) => !unknown.includes(word)),
    })
  }
  return (
    <Stack gap="sm">
      {(groups.items ?? []).length > 0 && (
        <MultiSelect
          label="Device groups"
          description="Every device in them, also those that join later."
          placeholder={groupWords.length === 0 ? 'Name' : undefined}
          searchable
          nothingFoundMessage="No such device group"
          data={(groups.items ?? []).map(({ id, name, devices: deviceCount }) => ({
            value: id,
            label: `${name} (${count(deviceCount, 'device')})`,
          }))}
          value={idsOf(groupWords, groups.items ?? [])}
          onChange={(ids) => change({ groups: wordsOf(ids, groupWords, groups.items ?? []) })}
        />
      )}
      <DevicePicker
        list={devices}
        chosen={idsOf(deviceWords, devices.items ?? [])}
        problem={problem}
        refusal={refusalOn}
        onChange={(ids) => change({ devices: wordsOf(ids, deviceWords, devices.items ?? []) })}
      />
      {value.selector && (
        <Text size="sm">
          Also the devices with <code>{value.selector}</code>: it can be changed in the YAML.
        </Text>
      )}
      {unknown.length > 0 && (
        <Text size="sm" component="div">
          Also written, but not found here: {unknown.join(', ')}.{' '}
          <Button size="compact-sm" variant="default" onClick={forget}>
            Leave them out
          </Button>
        </Text>
      )}
    </Stack>
  )
}

function refusalOn(device: Device) {
  return isAtLeast(device.role, 'admin') ? null : { verb: 'schedules.write', device: device.id }
}

function isRead({
  query,
  items,
}: {
  query: { hasNextPage: boolean }
  items: unknown[] | undefined
}): boolean {
  return items !== undefined && !query.hasNextPage
}

function idsOf(words: readonly string[], known: readonly Named[]): string[] {
  return known.filter(({ id, name }) => words.includes(id) || words.includes(name)).map(({ id }) => id)
}

/** The words for what is chosen now: those that were there, and the names of the rest. What is not known stays. */
function wordsOf(ids: readonly string[], before: readonly string[], known: readonly Named[]): string[] {
  const chosen = known.filter(({ id }) => ids.includes(id))
  const kept = before.filter(
    (word) =>
      chosen.some(({ id, name }) => word === id || word === name) || unknownIn([word], known).length > 0,
  )
  const added = chosen.filter(({ id, name }) => !before.includes(id) && !before.includes(name))
  return [...kept, ...added.map(({ name }) => name)]
}

function unknownIn(words: readonly string[], known: readonly Named[]): string[] {
  return words.filter((word) => !known.some(({ id, name }) => word === id || word === name))
}
