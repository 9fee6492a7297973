import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef } from 'react'
import type { State } from '../../../lib/api/types'
import { useOnServerEvent } from '../../../lib/live/events'
import { gather } from '../../../lib/live/gather'
import type { ServerEvent } from '../../../lib/live/invalidations'
import { gridDetail } from '../queries'
import { isState } from '../state'
import { changed } from './tiles'

/** Tiles are drawn anew at most this often. */
const drawEveryMs = 250

/**
 * All executions of a run, live. Each event tells of one execution and changes its tile; the whole is read again only when the
 * run ends or the stream was lost.
 */
export function useGrid(run: string) {
  const queryClient = useQueryClient()
  const query = useQuery(gridDetail(run))
  // Kept while the grid is being read: the answer may be older than they are.
  const news = useRef(new Map<string, State>())
  const taking = useRef<ReturnType<typeof gather<true>>>(undefined)

  useEffect(() => {
    const { queryKey } = gridDetail(run)
    taking.current = gather<true>(drawEveryMs, () => {
      queryClient.setQueryData(queryKey, (grid) => grid && changed(grid, news.current))
      if (queryClient.isFetching({ queryKey }) === 0) news.current.clear()
    })
    return () => {
      taking.current?.stop()
      news.current.clear()
    }
  }, [queryClient, run])

  const take = useCallback(
    ({ name, subject, data }: ServerEvent) => {
      if (name !== 'run.changed' || subject !== run) return
      if (typeof data?.execution !== 'string' || !isState(data.state)) return
      news.current.set(data.execution, data.state)
      taking.current?.add(true)
    },
    [run],
  )
  useOnServerEvent(take)

  const { dataUpdatedAt, isFetching } = query
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was read is brought up to date with what came meanwhile
  useEffect(() => {
    if (!isFetching && news.current.size > 0) taking.current?.add(true)
  }, [dataUpdatedAt, isFetching])

  return query
}
