import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { answer, api } from '../../lib/api/client'
import { pagedList } from '../../lib/api/pages'
import type { Device, StartRun, State, Tile } from '../../lib/api/types'
import { type Grid, gridOf, merged } from './grid/tiles'

const executionsPerPage = 100
/** Each comes with the output of one of its executions. */
const groupsPerPage = 20

interface RunListFilter {
  state?: State
  device?: string
  limit?: number
}

export const runList = (filter: RunListFilter) =>
  pagedList(['runs', 'list', filter], (cursor, signal) =>
    answer(api.GET('/api/v1/runs', { params: { query: { ...filter, cursor } }, signal })),
  )

export const runDetail = (run: string) =>
  queryOptions({
    queryKey: ['runs', 'one', run],
    queryFn: ({ signal }) => answer(api.GET('/api/v1/runs/{run}', { params: { path: { run } }, signal })),
  })

/** A run's executions: all of them, or those of one group. */
export const executionList = (run: string, group?: string) =>
  pagedList(['runs', 'executions', run, { group }], (cursor, signal) =>
    answer(
      api.GET('/api/v1/runs/{run}/executions', {
        params: { path: { run }, query: { cursor, group, limit: executionsPerPage } },
        signal,
      }),
    ),
  )

/** All executions of a run, a few bytes of each; see `useGrid` for how they stay up to date. */
export const gridDetail = (run: string) =>
  queryOptions<Grid>({
    queryKey: ['runs', 'grid', run],
    queryFn: async ({ signal }) => {
      const tiles: Tile[] = []
      let cursor: string | undefined
      do {
        const params = { path: { run }, query: { cursor } }
        const page = await answer(api.GET('/api/v1/runs/{run}/grid', { params, signal }))
        for (const tile of page.items) tiles.push(tile)
        cursor = page.next ?? undefined
      } while (cursor)
      return gridOf(tiles)
    },
    structuralSharing: (before, read) => merged(before as Grid | undefined, read as Grid),
    staleTime: Number.POSITIVE_INFINITY,
    // Read whole, it would only take memory.
    gcTime: 0,
  })

/** Why an execution is as it is; asked again when its state is another. */
export const executionExplanation = (execution: string, state: State) =>
  queryOptions({
    queryKey: ['runs', 'explanation', execution, state],
    queryFn: ({ signal }) =>
      answer(api.GET('/api/v1/executions/{execution}/explain', { params: { path: { execution } }, signal })),
    staleTime: 0,
  })

/** What waits for a device. */
export const queueList = (device: string) =>
  pagedList(['runs', 'queue', device], (cursor, signal) =>
    answer(
      api.GET('/api/v1/devices/{device}/queue', { params: { path: { device }, query: { cursor } }, signal }),
    ),
  )

export function usePurgeQueue(device: Device) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: () =>
      answer(api.DELETE('/api/v1/devices/{device}/queue', { params: { path: { device: device.id } } })),
    onSettled: () =>
      Promise.all([
        queryClient.invalidateQueries({ queryKey: ['runs'] }),
        queryClient.invalidateQueries({ queryKey: ['devices'] }),
      ]),
  })
}

export const groupList = (run: string) =>
  pagedList(['runs', 'groups', run], (cursor, signal) =>
    answer(
      api.GET('/api/v1/runs/{run}/groups', {
        params: { path: { run }, query: { cursor, limit: groupsPerPage } },
        signal,
      }),
    ),
  )

/** One execution with its output, of which a list may have only a part. */
export const executionDetail = (execution: string) =>
  queryOptions({
    queryKey: ['runs', 'execution', execution],
    queryFn: ({ signal }) =>
      answer(api.GET('/api/v1/executions/{execution}', { params: { path: { execution } }, signal })),
  })

/** Starts a run. `key` makes a repeated request for the same run harmless. */
export function useStartRun() {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: ({ body, key }: { body: StartRun; key: string }) =>
      answer(api.POST('/api/v1/runs', { body, headers: { 'Idempotency-Key': key } })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['runs', 'list'] }),
  })
}

/** Cancels one execution; its run goes on with the others. */
export function useCancelExecution(execution: string) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: () =>
      answer(api.POST('/api/v1/executions/{execution}/cancel', { params: { path: { execution } } })),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['runs'] }),
  })
}

export function useCancelRun(run: string) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: () => answer(api.POST('/api/v1/runs/{run}/cancel', { params: { path: { run } } })),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['runs'] }),
  })
}
