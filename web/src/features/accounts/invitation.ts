import { queryOptions } from '@tanstack/react-query'
import { answer, api } from '../../lib/api/client'

/** The secret of the link that led here: kept in memory alone, so that neither the address nor a log has it. */
let token = ''

export function keepInvitation(hash: string) {
  token = hash.replace(/^#/, '')
}

export function invitationToken(): string {
  return token
}

/** Whose password the link sets. */
export const openedInvitation = () =>
  queryOptions({
    queryKey: ['invitation'],
    queryFn: ({ signal }) => answer(api.POST('/api/v1/invitations/open', { body: { token }, signal })),
    staleTime: 0,
    gcTime: 0,
  })
