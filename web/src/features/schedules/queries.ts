import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { answer, api } from '../../lib/api/client'
import { pagedList } from '../../lib/api/pages'
import type { Schedule, ScheduleSpec, SlotState } from '../../lib/api/types'

const pageLength = 100

/** Which schedules: of a task (its id or name), with a calendar (its id or name), to be kept by a device (its id). */
export interface ScheduleFilter {
  task?: string
  calendar?: string
  device?: string
}

export const scheduleList = (filter: ScheduleFilter = {}) =>
  pagedList(['schedules', 'list', filter], (cursor, signal) =>
    answer(
      api.GET('/api/v1/schedules', { params: { query: { ...filter, cursor, limit: pageLength } }, signal }),
    ),
  )

/** `schedule` is an id or a name. */
export const scheduleDetail = (schedule: string) =>
  queryOptions({
    queryKey: ['schedules', 'one', schedule],
    queryFn: ({ signal }) =>
      answer(api.GET('/api/v1/schedules/{schedule}', { params: { path: { schedule } }, signal })),
    // What one may do with it is told with it, and may have changed while nobody looked.
    refetchOnWindowFocus: 'always',
  })

/** Every version, newest first. */
export const scheduleVersions = (schedule: string) =>
  pagedList(['schedules', 'versions', schedule], (cursor, signal) =>
    answer(
      api.GET('/api/v1/schedules/{schedule}/versions', {
        params: { path: { schedule }, query: { cursor } },
        signal,
      }),
    ),
  )

/** Which slots: of a device (its id), of which this became. */
export interface SlotFilter {
  device?: string
  state?: SlotState
}

/** The settled slots of a schedule (its id), newest first. */
export const slotList = (schedule: string, filter: SlotFilter) =>
  pagedList(['schedules', 'slots', schedule, filter], (cursor, signal) =>
    answer(
      api.GET('/api/v1/schedules/{schedule}/slots', {
        params: { path: { schedule }, query: { ...filter, cursor, limit: pageLength } },
        signal,
      }),
    ),
  )

/** The slots to come of a schedule (its id), the soonest first. */
export const upcomingList = (schedule: string) =>
  queryOptions({
    queryKey: ['schedules', 'upcoming', schedule],
    queryFn: ({ signal }) =>
      answer(
        api.GET('/api/v1/schedules/{schedule}/upcoming', {
          params: { path: { schedule }, query: { limit: 200 } },
          signal,
        }),
      ),
    // A slot that was missed tells nobody.
    refetchInterval: 30_000,
  })

/** The devices of a schedule (its id), with what each holds of it. */
export const holdingList = (schedule: string) =>
  pagedList(['schedules', 'devices', schedule], (cursor, signal) =>
    answer(
      api.GET('/api/v1/schedules/{schedule}/devices', {
        params: { path: { schedule }, query: { cursor, limit: pageLength } },
        signal,
      }),
    ),
  )

/** Why a schedule (its id) waits or does not fire; with `at`, what became of that slot, on `device` (its id). */
export const scheduleExplanation = (schedule: string, about: { at?: string; device?: string } = {}) =>
  queryOptions({
    queryKey: ['schedules', 'explanation', schedule, about],
    queryFn: ({ signal }) =>
      answer(
        api.GET('/api/v1/schedules/{schedule}/explain', {
          params: { path: { schedule }, query: about },
          signal,
        }),
      ),
    staleTime: 0,
  })

/** A schedule as it was read, and the ETag that says so when it is replaced. */
export interface ReadSchedule {
  schedule: Schedule
  etag: string
}

/** Never from memory: an editor that begins with an old version cannot save. */
export const scheduleToEdit = (schedule: string) =>
  queryOptions({
    queryKey: ['schedules', 'edit', schedule],
    queryFn: async ({ signal }): Promise<ReadSchedule> => {
      const params = { path: { schedule } }
      const { data, response } = await api.GET('/api/v1/schedules/{schedule}', { params, signal })
      return { schedule: data as Schedule, etag: response.headers.get('ETag') ?? '' }
    },
    staleTime: 0,
    gcTime: 0,
  })

export interface WhatToSimulate {
  spec: ScheduleSpec
  /** After when; else from now on. */
  from?: string
  count?: number
}

/** What a schedule would do. A newer question gives up the one before; its answer stays on the screen until then. */
export const simulation = (what: WhatToSimulate) =>
  queryOptions({
    queryKey: ['schedule-simulation', what],
    queryFn: ({ signal }) => answer(api.POST('/api/v1/schedules/simulate', { body: what, signal })),
    placeholderData: keepPreviousData,
    retry: false,
    gcTime: 60_000,
  })

export function useSimulate() {
  return useMutation({
    mutationFn: (spec: ScheduleSpec) =>
      answer(api.POST('/api/v1/schedules/simulate', { body: { spec, count: 1 } })),
  })
}

/** What is saved. `key` makes a repeated request for the same new schedule harmless. */
export interface SaveSchedule {
  spec: ScheduleSpec
  key: string
}

/** Makes a schedule, or replaces the one that was read. */
export function useSaveSchedule(replaced?: { id: string; etag: string }) {
  const keep = useKeep()
  return useMutation({
    mutationFn: ({ spec, key }: SaveSchedule) =>
      replaced
        ? answer(
            api.PUT('/api/v1/schedules/{schedule}', {
              params: { path: { schedule: replaced.id }, header: { 'If-Match': replaced.etag } },
              body: spec,
            }),
          )
        : answer(api.POST('/api/v1/schedules', { body: spec, headers: { 'Idempotency-Key': key } })),
    onSuccess: keep,
  })
}

export function usePauseSchedule(schedule: Schedule) {
  const keep = useKeep()
  return useMutation({
    mutationFn: (reason: string) =>
      answer(
        api.POST('/api/v1/schedules/{schedule}/pause', {
          params: { path: { schedule: schedule.id } },
          body: { reason },
        }),
      ),
    onSuccess: keep,
  })
}

export function useResumeSchedule(schedule: Schedule) {
  const keep = useKeep()
  return useMutation({
    mutationFn: () =>
      answer(
        api.POST('/api/v1/schedules/{schedule}/resume', { params: { path: { schedule: schedule.id } } }),
      ),
    onSuccess: keep,
  })
}

export function useRemoveSchedule(schedule: Schedule, onRemoved: () => void) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: () =>
      answer(api.DELETE('/api/v1/schedules/{schedule}', { params: { path: { schedule: schedule.id } } })),
    onSuccess: () => {
      onRemoved()
      for (const kind of ['one', 'slots', 'upcoming', 'devices', 'explanation']) {
        queryClient.removeQueries({ queryKey: ['schedules', kind, schedule.id] })
      }
      void queryClient.invalidateQueries({ queryKey: ['schedules', 'list'] })
    },
  })
}

/** Takes over a schedule as the server answered it, and reads the rest anew. */
function useKeep() {
  const queryClient = useQueryClient()
  return (schedule: Schedule) => {
    queryClient.setQueryData(scheduleDetail(schedule.id).queryKey, schedule)
    void queryClient.invalidateQueries({ queryKey: ['schedules'] })
  }
}
