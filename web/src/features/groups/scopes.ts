import type { DeviceGroup, Group, ItemType, Override } from '../../lib/api/types'
import { roleName, roles } from '../access/roles'

/** Where a group has a role: everywhere, in a device group, or with items of a type. */
export interface Scope {
  kind: 'everywhere' | 'device-group' | 'item-type'
  /** Id of the device group or the item type; null: everywhere. */
  id: string | null
  name: string
}

type Named = Pick<DeviceGroup | ItemType, 'id' | 'name'>

export function scopesOf(deviceGroups: readonly Named[], itemTypes: readonly Named[] = []): Scope[] {
  return [
    { kind: 'everywhere', id: null, name: 'Everywhere' },
    ...deviceGroups.map(({ id, name }): Scope => ({ kind: 'device-group', id, name })),
    ...itemTypes.map(({ id, name }): Scope => ({ kind: 'item-type', id, name: `Items: ${name}` })),
  ]
}

/** What is set for a group in a scope. */
export function setRole(group: Pick<Group, 'role' | 'overrides' | 'item_overrides'>, scope: Scope): Override {
  switch (scope.kind) {
    case 'everywhere':
      return group.role
    case 'device-group':
      return group.overrides.find(({ device_group }) => device_group.id === scope.id)?.role ?? 'inherit'
    case 'item-type':
      return group.item_overrides?.find(({ item_type }) => item_type.id === scope.id)?.role ?? 'inherit'
  }
}

/** What can be set there; inheriting says what it comes to. */
export function choicesOf(group: Pick<Group, 'role'>, scope: Scope): { value: Override; label: string }[] {
  const own = roles.map((role) => ({ value: role, label: roleName(role) }))
  if (scope.kind === 'everywhere') return own
  return [{ value: 'inherit', label: `Inherit (${roleName(group.role).toLowerCase()})` }, ...own]
}

/** The super users first, the others as they come. */
export function superFirst<Item extends Pick<Group, 'super'>>(groups: readonly Item[]): Item[] {
  return groups.toSorted((one, other) => Number(other.super) - Number(one.super))
}
