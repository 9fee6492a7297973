import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useRouter } from '@tanstack/react-router'
import { answer, api } from '../../lib/api/client'
import type { AcceptInvitation, Instance, Me, Setup, SignIn } from '../../lib/api/types'
import { keepInvitation } from './invitation'
import { instanceDetail, meDetail } from './queries'

/** Makes the first account, and goes to the first page. */
export function useSetUp() {
  const enter = useEnter()
  return useMutation({
    mutationFn: (body: Setup) => answer(api.POST('/api/v1/setup', { body })),
    onSuccess: ({ me }) => enter(me, '/'),
  })
}

/** Signs in, and goes where one was going. */
export function useSignIn(next: string | undefined) {
  const enter = useEnter()
  return useMutation({
    mutationFn: (body: SignIn) => answer(api.POST('/api/v1/sessions', { body })),
    onSuccess: ({ me }) => enter(me, next ?? '/'),
  })
}

/** Sets the password of a link's user, signs in with it, and goes to the first page. */
export function useAcceptInvitation() {
  const queryClient = useQueryClient()
  const enter = useEnter()
  return useMutation({
    mutationFn: (body: AcceptInvitation) => answer(api.POST('/api/v1/invitations/accept', { body })),
    // The password stays in the form and nowhere else.
    gcTime: 0,
    onSuccess: ({ me }) => {
      keepInvitation('')
      // Whoever was signed in here before saw other things.
      queryClient.clear()
      enter(me, '/')
    },
  })
}

/** Ends the session and forgets everything it could see. */
export function useSignOut() {
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  return useMutation({
    mutationFn: () => answer(api.DELETE('/api/v1/sessions/current')),
    onSuccess: async () => {
      await navigate({ to: '/login' })
      queryClient.clear()
    },
  })
}

function useEnter() {
  const queryClient = useQueryClient()
  const router = useRouter()
  return (me: Me, href: string) => {
    queryClient.setQueryData(meDetail().queryKey, me)
    queryClient.setQueryData(instanceDetail().queryKey, (known: Instance | undefined) =>
      known ? { ...known, needs_setup: false } : known,
    )
    router.history.push(href)
  }
}
