import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { answer, api } from '../../lib/api/client'
import { pagedList } from '../../lib/api/pages'
import type { CreateGroup, EditGroup, Group, Override } from '../../lib/api/types'
import type { Scope } from './scopes'

const pageLength = 100

export const groupList = () =>
  pagedList(['groups', 'list'], (cursor, signal) =>
    answer(api.GET('/api/v1/groups', { params: { query: { cursor, limit: pageLength } }, signal })),
  )

/** `group` is an id or a name. */
export const groupDetail = (group: string) =>
  queryOptions({
    queryKey: ['groups', 'one', group],
    queryFn: ({ signal }) =>
      answer(api.GET('/api/v1/groups/{group}', { params: { path: { group } }, signal })),
  })

export const memberList = (group: string) =>
  pagedList(['groups', 'members', group], (cursor, signal) =>
    answer(
      api.GET('/api/v1/groups/{group}/members', {
        params: { path: { group }, query: { cursor, limit: pageLength } },
        signal,
      }),
    ),
  )

export function useCreateGroup() {
  const refresh = useRefreshRights()
  return useMutation({
    mutationFn: (body: CreateGroup) => answer(api.POST('/api/v1/groups', { body })),
    onSuccess: refresh,
  })
}

export function useEditGroup(group: Group) {
  const refresh = useRefreshRights()
  return useMutation({
    mutationFn: (body: EditGroup) =>
      answer(api.PATCH('/api/v1/groups/{group}', { params: { path: { group: group.id } }, body })),
    onSuccess: refresh,
  })
}

export function useRemoveGroup(group: Group, onRemoved: () => void) {
  const queryClient = useQueryClient()
  const refresh = useRefreshRights()
  return useMutation({
    mutationFn: () => answer(api.DELETE('/api/v1/groups/{group}', { params: { path: { group: group.id } } })),
    onSuccess: () => {
      onRemoved()
      queryClient.removeQueries({ queryKey: groupDetail(group.id).queryKey })
      queryClient.removeQueries({ queryKey: memberList(group.id).queryKey })
      void refresh()
    },
  })
}

/** A role in one scope. */
export interface RoleChange {
  scope: Scope
  role: Override
}

/** Gives a group a role in one scope. The answer is shown before the change counts as done. */
export function useSetRole(group: Group) {
  const refresh = useRefreshRights()
  return useMutation({
    mutationFn: ({ scope, role }: RoleChange) => {
      if (scope.id) return setOverride(group, scope.kind, scope.id, role)
      return answer(
        api.PATCH('/api/v1/groups/{group}', {
          params: { path: { group: group.id } },
          body: { role: role === 'inherit' ? null : role },
        }),
      )
    },
    onSettled: refresh,
  })
}

/** Puts users into a group, one after the other. */
export function useAddMembers(group: Group) {
  const refresh = useRefreshRights()
  return useMutation({
    mutationFn: async (users: readonly string[]) => {
      for (const user of users)
        await api.PUT('/api/v1/groups/{group}/members/{user}', memberPath(group, user))
    },
    onSettled: refresh,
  })
}

export function useRemoveMember(group: Group) {
  const refresh = useRefreshRights()
  return useMutation({
    mutationFn: (user: string) =>
      answer(api.DELETE('/api/v1/groups/{group}/members/{user}', memberPath(group, user))),
    onSettled: refresh,
  })
}

function setOverride(group: Group, kind: Scope['kind'], id: string, role: Override) {
  if (kind === 'item-type') {
    return answer(
      api.PUT('/api/v1/groups/{group}/overrides/item-types/{item_type}', {
        params: { path: { group: group.id, item_type: id } },
        body: { role },
      }),
    )
  }
  return answer(
    api.PUT('/api/v1/groups/{group}/overrides/device-groups/{device_group}', {
      params: { path: { group: group.id, device_group: id } },
      body: { role },
    }),
  )
}

function memberPath(group: Group, user: string) {
  return { params: { path: { group: group.id, user } } }
}

/** A change of a group changes what people may do, perhaps oneself. */
function useRefreshRights() {
  const queryClient = useQueryClient()
  return async () => {
    const stale = ['groups', 'users', 'access', 'me']
    await Promise.all(stale.map((key) => queryClient.invalidateQueries({ queryKey: [key] })))
  }
}
