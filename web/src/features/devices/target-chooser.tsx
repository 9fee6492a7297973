import { Stack } from '@mantine/core'
import { usePagedList } from '../../lib/api/pages'
import type { Device, Role, Targets } from '../../lib/api/types'
import type { Refusal } from '../access/why'
import { deviceGroupList } from '../device-groups/queries'
import { DevicePicker } from './device-picker'
import { GroupPicker } from './group-picker'
import { deviceList } from './queries'
import { SelectorField } from './selector-field'
import type { Purpose, TargetField } from './target-words'
import type { PreviewState } from './use-targets-preview'

interface TargetChooserProps {
  purpose: Purpose
  /** Ids of devices and device groups, and a selector. */
  value: Targets
  /** What `useTargetsPreview` says of the value. */
  state: PreviewState
  /** The role that it takes in a device group. */
  needed: Role
  /** Devices that stand at the top. */
  first?: readonly string[]
  problems?: Partial<Record<TargetField, string>>
  /** Why a device cannot be chosen; null where it can. */
  refusal?: (device: Device) => Refusal | null
  onChange: (value: Targets) => void
}

/** Chooses what something is for: device groups, devices, and a selector, taken together. */
export function TargetChooser(props: TargetChooserProps) {
  const { purpose, value, state, needed, first = [], problems = {}, refusal, onChange } = props
  const list = usePagedList(deviceList(), { whole: true })
  const groups = usePagedList(deviceGroupList(), { whole: true })
  const place = (device: Device) => (first.includes(device.id) ? 0 : 1)
  const items = list.items?.toSorted((one, other) => place(one) - place(other))
  return (
    <Stack>
      <GroupPicker
        purpose={purpose}
        groups={groups.items ?? []}
        chosen={value.groups ?? []}
        needed={needed}
        problem={problems.groups}
        onChange={(ids) => onChange({ ...value, groups: ids })}
      />
      <DevicePicker
        list={{ query: list.query, items }}
        chosen={value.devices ?? []}
        problem={problems.devices}
        refusal={refusal}
        onChange={(ids) => onChange({ ...value, devices: ids })}
      />
      <SelectorField
        purpose={purpose}
        value={value}
        state={state}
        problem={problems.selector}
        onChange={(selector) => onChange({ ...value, selector })}
      />
    </Stack>
  )
}
