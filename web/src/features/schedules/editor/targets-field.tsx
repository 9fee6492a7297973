import { Button, Stack, Text } from '@mantine/core'
import { usePagedList } from '../../../lib/api/pages'
import type { Device, Targets } from '../../../lib/api/types'
import { isAtLeast } from '../../access/roles'
import { deviceGroupList } from '../../device-groups/queries'
import { deviceList } from '../../devices/queries'
import { TargetChooser } from '../../devices/target-chooser'
import type { TargetField } from '../../devices/target-words'
import { useTargetsPreview, type WhatRuns } from '../../devices/use-targets-preview'
import { idsOf, unknownIn, wordsOf } from './named'

interface TargetsFieldProps {
  /** By id or name. */
  value: Targets
  problems: Partial<Record<TargetField, string>>
  onChange: (targets: Targets) => void
}

/** A schedule takes on a device what commands take: an admin, whatever its task is. */
const asSchedule: WhatRuns = { exec: true }

/** Chooses what a schedule is for. What is chosen is written by name; what was written by id stays so. */
export function TargetsField({ value, problems, onChange }: TargetsFieldProps) {
  const deviceQuery = usePagedList(deviceList(), { whole: true })
  const groupQuery = usePagedList(deviceGroupList(), { whole: true })
  const { devices: deviceWords = [], groups: groupWords = [], selector } = value
  const devices = deviceQuery.items ?? []
  const groups = groupQuery.items ?? []
  const state = useTargetsPreview(selector?.trim() ? value : {}, asSchedule)
  const unknown = [
    ...(isRead(deviceQuery) ? unknownIn(deviceWords, devices) : []),
    ...(isRead(groupQuery) ? unknownIn(groupWords, groups) : []),
  ]
  const choose = (chosen: Targets) =>
    onChange({
      ...chosen,
      devices: wordsOf(chosen.devices ?? [], deviceWords, devices),
      groups: wordsOf(chosen.groups ?? [], groupWords, groups),
    })
  const forget = () =>
    onChange({
      ...value,
      devices: deviceWords.filter((word) => !unknown.includes(word)),
      groups: groupWords.filter((word) => !unknown.includes(word)),
    })
  return (
    <Stack gap="sm">
      <TargetChooser
        purpose="schedule"
        value={{ ...value, devices: idsOf(deviceWords, devices), groups: idsOf(groupWords, groups) }}
        state={state}
        needed="admin"
        problems={problems}
        refusal={refusalOn}
        onChange={choose}
      />
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
