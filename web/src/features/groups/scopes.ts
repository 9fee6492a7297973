import type { DeviceGroup, Group, Override } from '../../lib/api/types'
import { roleName, roles } from '../access/roles'

/** Where a group has a role: everywhere, or in a device group. */
export interface Scope {
  /** Id of the device group; null: everywhere. */
  id: string | null
  name: string
}

export function scopesOf(deviceGroups: readonly Pick<DeviceGroup, 'id' | 'name'>[]): Scope[] {
  return [{ id: null, name: 'Everywhere' }, ...deviceGroups.map(({ id, name }) => ({ id, name }))]
}

/** What is set for a group in a scope. */
export function setRole(group: Pick<Group, 'role' | 'overrides'>, scope: Scope): Override {
  if (scope.id === null) return group.role
  const found = group.overrides.find(({ device_group }) => device_group.id === scope.id)
  return found?.role ?? 'inherit'
}

/** What can be set there; inheriting says what it comes to. */
export function choicesOf(group: Pick<Group, 'role'>, scope: Scope): { value: Override; label: string }[] {
  const own = roles.map((role) => ({ value: role, label: roleName(role) }))
  if (scope.id === null) return own
  return [{ value: 'inherit', label: `Inherit (${roleName(group.role).toLowerCase()})` }, ...own]
}

/** The super users first, the others as they come. */
export function superFirst<Item extends Pick<Group, 'super'>>(groups: readonly Item[]): Item[] {
  return groups.toSorted((one, other) => Number(other.super) - Number(one.super))
}
