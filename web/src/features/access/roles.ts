import type { Override, Role } from '../../lib/api/types'

/** From nothing to everything; each includes those before it. */
export const roles: readonly Role[] = ['none', 'read-only', 'self-service', 'admin']

const names: Record<Override, string> = {
  inherit: 'Inherit',
  none: 'No access',
  'read-only': 'Read-only',
  'self-service': 'Self-service',
  admin: 'Admin',
}

/** What the role lets its members do, in one line. */
export const roleWords: Record<Role, string> = {
  none: 'Nothing at all.',
  'read-only': 'Look at devices, tasks, runs and the inbox.',
  'self-service': 'And start tasks that are marked for it, and decide over items.',
  admin: 'And change and start everything.',
}

export function roleName(role: Override): string {
  return names[role]
}

/** In the middle of a sentence: `read-only`. */
export function roleWord(role: Role): string {
  return names[role].toLowerCase()
}

export function isAtLeast(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed)
}

/** The choices of a role, for a field. */
export const roleChoices = roles.map((role) => ({ value: role, label: roleName(role) }))
