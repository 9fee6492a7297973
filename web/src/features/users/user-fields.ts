import { fieldOfPointer } from '../accounts/fields'

/** The fields of the form that makes a user. */
export const createFieldOf = fieldOfPointer(['username', 'name', 'groups', 'password'] as const)

/** The fields of the form that changes one. */
export const editFieldOf = fieldOfPointer(['username', 'name', 'groups'] as const)
