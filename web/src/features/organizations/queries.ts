import { useMutation, useQueryClient } from '@tanstack/react-query'
import { answer, api } from '../../lib/api/client'
import { pagedList } from '../../lib/api/pages'
import type { CreateOrganization, EditOrganization, Organization } from '../../lib/api/types'

export const organizationList = () =>
  pagedList(['organizations'], (cursor, signal) =>
    answer(api.GET('/api/v1/organizations', { params: { query: { cursor } }, signal })),
  )

export function useCreateOrganization() {
  const refresh = useRefresh()
  return useMutation({
    mutationFn: (body: CreateOrganization) => answer(api.POST('/api/v1/organizations', { body })),
    // A password and a link stay where they are shown.
    gcTime: 0,
    onSuccess: refresh,
  })
}

export function useEditOrganization({ id }: Pick<Organization, 'id'>) {
  const refresh = useRefresh()
  return useMutation({
    mutationFn: (body: EditOrganization) =>
      answer(
        api.PATCH('/api/v1/organizations/{organization}', { params: { path: { organization: id } }, body }),
      ),
    onSuccess: refresh,
  })
}

export function useDeleteOrganization({ id }: Pick<Organization, 'id'>) {
  const refresh = useRefresh()
  return useMutation({
    mutationFn: () =>
      answer(api.DELETE('/api/v1/organizations/{organization}', { params: { path: { organization: id } } })),
    onSuccess: refresh,
  })
}

function useRefresh() {
  const queryClient = useQueryClient()
  return () => {
    void queryClient.invalidateQueries({ queryKey: ['organizations'] })
    void queryClient.invalidateQueries({ queryKey: ['me'] })
  }
}
