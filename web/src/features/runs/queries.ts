import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { answer, api } from '../../lib/api/client'
import { pagedList } from '../../lib/api/pages'
import type { StartRun, State } from '../../lib/api/types'

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

export function useCancelRun(run: string) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: () => answer(api.POST('/api/v1/runs/{run}/cancel', { params: { path: { run } } })),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['runs'] }),
  })
}
