import type { AssignItem, Item, Me, User } from '../../../lib/api/types'

/** As a field of the screen calls it. */
export const nobody = ''

interface Person {
  value: string
  label: string
}

/** Whom an item may be given to. Who has it now is among them, also where one may not see the users, or it was disabled. */
export function peopleFor(
  assignee: Item['assignee'],
  { user: me }: Pick<Me, 'user'>,
  users: readonly Pick<User, 'id' | 'name' | 'username' | 'state'>[],
): Person[] {
  const first = [
    { value: nobody, label: 'Nobody' },
    { value: me.id, label: `Me (${me.name || me.username})` },
  ]
  const others = users
    .filter(({ id, state }) => state === 'active' && id !== me.id)
    .map(({ id, name, username }) => ({ value: id, label: name ? `${name} (${username})` : username }))
  const people = [...first, ...others]
  if (!assignee || people.some(({ value }) => value === assignee.id)) return people
  return [...people, { value: assignee.id, label: assignee.name }]
}

/** What is sent. It holds only while the item is still of whoever had it when one began: nobody takes away what was just taken. */
export function assignBody(to: string, note: string, before: Item['assignee']): AssignItem {
  return {
    assignee: to === nobody ? null : to,
    instead_of: before?.id ?? 'nobody',
    ...(note.trim() && { note: note.trim() }),
  }
}
