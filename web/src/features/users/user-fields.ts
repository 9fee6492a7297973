import type { EditUser, User } from '../../lib/api/types'
import { fieldOfPointer } from '../accounts/fields'

/** The fields of the form that makes a user. */
export const createFieldOf = fieldOfPointer(['username', 'name', 'groups', 'password'] as const)

/** The fields of the form that changes one. */
export const editFieldOf = fieldOfPointer(['username', 'name', 'groups'] as const)

/** What is filled in to change a user; groups by id. */
export interface UserValues {
  username: string
  name: string
  groups: string[]
  super: boolean
}

export function valuesOf(user: User): UserValues {
  return {
    username: user.username,
    name: user.name,
    groups: user.groups.map(({ id }) => id),
    super: user.super,
  }
}

/** Only what was changed is sent, so that what somebody else changes meanwhile stays. */
export function changesOf(before: UserValues, after: UserValues): EditUser {
  const [username, name] = [after.username.trim(), after.name.trim()]
  const isSameSet =
    after.groups.length === before.groups.length && after.groups.every((id) => before.groups.includes(id))
  return {
    ...(username !== before.username && { username }),
    ...(name !== before.name && { name }),
    ...(!isSameSet && { groups: after.groups }),
    ...(after.super !== before.super && { super: after.super }),
  }
}
