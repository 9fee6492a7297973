import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { answer, api } from '../../lib/api/client'
import { pagedList } from '../../lib/api/pages'
import type { CreateDeviceGroup, DeviceGroup, EditDeviceGroup } from '../../lib/api/types'

const pageLength = 100

export const deviceGroupList = () =>
  pagedList(['device-groups', 'list'], (cursor, signal) =>
    answer(api.GET('/api/v1/device-groups', { params: { query: { cursor, limit: pageLength } }, signal })),
  )

/** `group` is an id or a name. */
export const deviceGroupDetail = (group: string) =>
  queryOptions({
    queryKey: ['device-groups', 'one', group],
    queryFn: ({ signal }) =>
      answer(
        api.GET('/api/v1/device-groups/{device_group}', {
          params: { path: { device_group: group } },
          signal,
        }),
      ),
    // What one may do with it is told with it, and may have changed while nobody looked.
    refetchOnWindowFocus: 'always',
  })

export const devicesOfGroup = (group: string) =>
  pagedList(['device-groups', 'devices', group], (cursor, signal) =>
    answer(
      api.GET('/api/v1/device-groups/{device_group}/devices', {
        params: { path: { device_group: group }, query: { cursor, limit: pageLength } },
        signal,
      }),
    ),
  )

export function useCreateDeviceGroup() {
  const refresh = useRefresh()
  return useMutation({
    mutationFn: (body: CreateDeviceGroup) => answer(api.POST('/api/v1/device-groups', { body })),
    onSuccess: refresh,
  })
}

export function useEditDeviceGroup(group: DeviceGroup) {
  const refresh = useRefresh()
  return useMutation({
    mutationFn: (body: EditDeviceGroup) =>
      answer(api.PATCH('/api/v1/device-groups/{device_group}', { params: pathOf(group), body })),
    onSuccess: refresh,
  })
}

export function useRemoveDeviceGroup(group: DeviceGroup, onRemoved: () => void) {
  const queryClient = useQueryClient()
  const refresh = useRefresh()
  return useMutation({
    mutationFn: () => answer(api.DELETE('/api/v1/device-groups/{device_group}', { params: pathOf(group) })),
    onSuccess: () => {
      onRemoved()
      queryClient.removeQueries({ queryKey: deviceGroupDetail(group.id).queryKey })
      queryClient.removeQueries({ queryKey: devicesOfGroup(group.id).queryKey })
      void refresh()
    },
  })
}

/** Puts devices into a group, one after the other. */
export function useAddDevices(group: DeviceGroup) {
  const refresh = useRefresh()
  return useMutation({
    mutationFn: async (devices: readonly string[]) => {
      for (const device of devices) {
        const path = { device_group: group.id, device }
        await api.PUT('/api/v1/device-groups/{device_group}/devices/{device}', { params: { path } })
      }
    },
    onSettled: refresh,
  })
}

export function useTakeDeviceOut(group: DeviceGroup) {
  const refresh = useRefresh()
  return useMutation({
    mutationFn: (device: string) =>
      answer(
        api.DELETE('/api/v1/device-groups/{device_group}/devices/{device}', {
          params: { path: { device_group: group.id, device } },
        }),
      ),
    onSettled: refresh,
  })
}

function pathOf({ id }: DeviceGroup) {
  return { path: { device_group: id } }
}

/** Which devices are in which group says what people may do with them. */
function useRefresh() {
  const queryClient = useQueryClient()
  return async () => {
    const stale = ['device-groups', 'devices', 'groups', 'access', 'me']
    await Promise.all(stale.map((key) => queryClient.invalidateQueries({ queryKey: [key] })))
  }
}
