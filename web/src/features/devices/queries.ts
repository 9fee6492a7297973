import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { answer, api } from '../../lib/api/client'
import { pagedList } from '../../lib/api/pages'
import type { Device, EditDevice, PreviewTargets } from '../../lib/api/types'

const pageLength = 200

/** The devices that match `selector`; all where it is empty. */
export const deviceList = (selector = '') =>
  pagedList(['devices', 'list', ...(selector ? [selector] : [])], (cursor, signal) => {
    const query = { cursor, limit: pageLength, ...(selector && { selector }) }
    return answer(api.GET('/api/v1/devices', { params: { query }, signal }))
  })

/** What a run with these targets would be for. */
export const targetsPreview = (asked: PreviewTargets) =>
  queryOptions({
    queryKey: ['devices', 'targets', asked],
    queryFn: ({ signal }) => answer(api.POST('/api/v1/targets', { body: asked, signal })),
  })

/** `device` is an id or a name. */
export const deviceDetail = (device: string) =>
  queryOptions({
    queryKey: ['devices', 'one', device],
    queryFn: ({ signal }) =>
      answer(api.GET('/api/v1/devices/{device}', { params: { path: { device } }, signal })),
    // What one may do with it is told with it, and may have changed while nobody looked.
    refetchOnWindowFocus: 'always',
  })

export function useEditDevice(device: Device) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (body: EditDevice) =>
      answer(api.PATCH('/api/v1/devices/{device}', { params: { path: { device: device.id } }, body })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['devices'] }),
  })
}

export function useRemoveDevice(device: Device, onRemoved: () => void) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: () =>
      answer(api.DELETE('/api/v1/devices/{device}', { params: { path: { device: device.id } } })),
    onSuccess: () => {
      onRemoved()
      queryClient.removeQueries({ queryKey: deviceDetail(device.id).queryKey })
      void queryClient.invalidateQueries({ queryKey: ['devices', 'list'] })
    },
  })
}
