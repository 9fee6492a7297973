import { MultiSelect } from '@mantine/core'
import type { ReactNode } from 'react'
import { usePagedList } from '../../lib/api/pages'
import { isAtLeast } from '../access/roles'
import { deviceGroupList } from './queries'

interface DeviceGroupsFieldProps {
  /** Ids. */
  value?: string[]
  error?: ReactNode
  onChange?: (ids: string[]) => void
}

/** Chooses the device groups that new devices are put into. Not shown where there are none. */
export function DeviceGroupsField(props: DeviceGroupsFieldProps) {
  const { items } = usePagedList(deviceGroupList(), { whole: true })
  if (!items || items.length === 0) return null
  return (
    <MultiSelect
      label="Device groups"
      description="Every device that joins is put into them."
      searchable
      nothingFoundMessage="No such device group"
      data={items.map(({ id, name, role }) => ({
        value: id,
        label: isAtLeast(role, 'admin') ? name : `${name} (takes admin there)`,
        disabled: !isAtLeast(role, 'admin'),
      }))}
      {...props}
    />
  )
}
