import type { User } from '../../lib/api/types'

/** Whether every word of `text` is somewhere in a user's names or groups. */
export function matchesUser(user: Pick<User, 'username' | 'name' | 'groups'>, text: string): boolean {
  const groups = user.groups.map(({ name }) => name)
  const known = [user.username, user.name, ...groups].join('\n').toLowerCase()
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => known.includes(word))
}
