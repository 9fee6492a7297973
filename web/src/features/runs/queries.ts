import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { answer, api } from '../../lib/api/client'
import { pagedList } from '../../lib/api/pages'
import type { StartRun, State } from '../../lib/api/types'

const executionsPerPage = 100

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

export const executionList = (run: string) =>
  pagedList(['runs', 'executions', run], (cursor, signal) =>
    answer(
      api.GET('/api/v1/runs/{run}/executions', {
        params: { path: { run }, query: { cursor, limit: executionsPerPage } },
        signal,
      }),
    ),
  )

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
