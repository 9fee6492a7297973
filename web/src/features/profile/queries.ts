import { useMutation, useQueryClient } from '@tanstack/react-query'
import { answer, api } from '../../lib/api/client'
import type { ChangePassword, EditMe } from '../../lib/api/types'
import { meDetail, ownSessions } from '../accounts/queries'

export function useEditMe() {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (body: EditMe) => answer(api.PATCH('/api/v1/me', { body })),
    onSuccess: (me) => {
      queryClient.setQueryData(meDetail().queryKey, me)
      void queryClient.invalidateQueries({ queryKey: ['users'] })
    },
  })
}

export function useChangePassword() {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (body: ChangePassword) => answer(api.POST('/api/v1/me/password', { body })),
    // The passwords stay in the form and nowhere else.
    gcTime: 0,
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ownSessions().queryKey }),
  })
}

export function useEndSession() {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (session: string) =>
      answer(api.DELETE('/api/v1/me/sessions/{session}', { params: { path: { session } } })),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ownSessions().queryKey }),
  })
}
