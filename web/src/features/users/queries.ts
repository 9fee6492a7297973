import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { answer, api } from '../../lib/api/client'
import { pagedList } from '../../lib/api/pages'
import type { CreateUser, EditUser, User } from '../../lib/api/types'

const pageLength = 100

export const userList = () =>
  pagedList(['users', 'list'], (cursor, signal) =>
    answer(api.GET('/api/v1/users', { params: { query: { cursor, limit: pageLength } }, signal })),
  )

/** `user` is an id or a user name. */
export const userDetail = (user: string) =>
  queryOptions({
    queryKey: ['users', 'one', user],
    queryFn: ({ signal }) => answer(api.GET('/api/v1/users/{user}', { params: { path: { user } }, signal })),
  })

export const userSessions = (user: string) =>
  pagedList(['users', 'sessions', user], (cursor, signal) =>
    answer(
      api.GET('/api/v1/users/{user}/sessions', { params: { path: { user }, query: { cursor } }, signal }),
    ),
  )

export function useCreateUser() {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (body: CreateUser) => answer(api.POST('/api/v1/users', { body })),
    // A password and a link stay where they are shown.
    gcTime: 0,
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: ['users', 'list'] })
      void queryClient.invalidateQueries({ queryKey: ['groups'] })
    },
  })
}

export function useEditUser(user: User) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (body: EditUser) =>
      answer(api.PATCH('/api/v1/users/{user}', { params: { path: { user: user.id } }, body })),
    onSuccess: () => {
      for (const key of ['users', 'groups', 'me']) void queryClient.invalidateQueries({ queryKey: [key] })
    },
  })
}

export function useRemoveUser(user: User, onRemoved: () => void) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: () => answer(api.DELETE('/api/v1/users/{user}', { params: { path: { user: user.id } } })),
    onSuccess: () => {
      onRemoved()
      queryClient.removeQueries({ queryKey: userDetail(user.id).queryKey })
      void queryClient.invalidateQueries({ queryKey: ['users', 'list'] })
      void queryClient.invalidateQueries({ queryKey: ['groups'] })
    },
  })
}

/** Makes a link to a new password, which voids the one before. */
export function useInviteUser(user: User) {
  return useMutation({
    mutationFn: () =>
      answer(api.POST('/api/v1/users/{user}/invitations', { params: { path: { user: user.id } } })),
    gcTime: 0,
  })
}

/** Signs a user out of one browser, or of all. */
export function useEndSessions(user: User) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (session: string | null) =>
      session
        ? answer(
            api.DELETE('/api/v1/users/{user}/sessions/{session}', {
              params: { path: { user: user.id, session } },
            }),
          )
        : answer(api.DELETE('/api/v1/users/{user}/sessions', { params: { path: { user: user.id } } })),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['users', 'sessions'] }),
  })
}
