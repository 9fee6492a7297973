import { MultiSelect } from '@mantine/core'
import type { DeviceGroup, Role } from '../../lib/api/types'
import { count } from '../../lib/words'
import { isAtLeast, roleWord } from '../access/roles'
import type { Purpose } from './target-words'

interface GroupPickerProps {
  purpose: Purpose
  groups: readonly DeviceGroup[]
  /** Ids. */
  chosen: readonly string[]
  /** What it takes there. */
  needed: Role
  problem?: string
  onChange: (ids: string[]) => void
}

const descriptions: Record<Purpose, string> = {
  run: 'Every device in them, besides those chosen below.',
  schedule: 'Every device in them, also those that join later, besides those chosen below.',
}

/** Chooses device groups: every device in them is run on, once. Not shown where there are none. */
export function GroupPicker({ purpose, groups, chosen, needed, problem, onChange }: GroupPickerProps) {
  if (groups.length === 0) return null
  return (
    <MultiSelect
      label="Device groups"
      description={descriptions[purpose]}
      placeholder={chosen.length === 0 ? 'Name' : undefined}
      searchable
      nothingFoundMessage="No such device group"
      data={groups.map(({ id, name, devices, role }) => ({
        value: id,
        label: isAtLeast(role, needed)
          ? `${name} (${count(devices, 'device')})`
          : `${name} (takes ${roleWord(needed)}; you have ${roleWord(role)})`,
        disabled: !isAtLeast(role, needed) && !chosen.includes(id),
      }))}
      value={[...chosen]}
      error={problem}
      onChange={onChange}
    />
  )
}
