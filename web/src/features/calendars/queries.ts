import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { answer, api } from '../../lib/api/client'
import { pagedList } from '../../lib/api/pages'
import type { Calendar, CalendarSpec } from '../../lib/api/types'

const pageLength = 100

/** The calendars by name, without their content. */
export const calendarList = () =>
  pagedList(['calendars', 'list'], (cursor, signal) =>
    answer(api.GET('/api/v1/calendars', { params: { query: { cursor, limit: pageLength } }, signal })),
  )

/** `calendar` is an id or a name. */
export const calendarDetail = (calendar: string) =>
  queryOptions({
    queryKey: ['calendars', 'one', calendar],
    queryFn: ({ signal }) =>
      answer(api.GET('/api/v1/calendars/{calendar}', { params: { path: { calendar } }, signal })),
  })

/** The events of a calendar (its id) that are on, or come within a year. */
export const eventList = (calendar: string) =>
  queryOptions({
    queryKey: ['calendars', 'events', calendar],
    queryFn: ({ signal }) =>
      answer(api.GET('/api/v1/calendars/{calendar}/events', { params: { path: { calendar } }, signal })),
  })

/** What a calendar says that is not saved. */
export const calendarPreview = (content: string) =>
  queryOptions({
    queryKey: ['calendar-preview', content],
    queryFn: ({ signal }) => answer(api.POST('/api/v1/calendars/preview', { body: { content }, signal })),
    retry: false,
    // It may be large.
    gcTime: 0,
  })

/** A calendar as it was read, and the ETag that says so when it is replaced. */
export interface ReadCalendar {
  calendar: Calendar
  etag: string
}

/** Never from memory: an editor that begins with an old version cannot save. */
export const calendarToEdit = (calendar: string) =>
  queryOptions({
    queryKey: ['calendars', 'edit', calendar],
    queryFn: async ({ signal }): Promise<ReadCalendar> => {
      const params = { path: { calendar } }
      const { data, response } = await api.GET('/api/v1/calendars/{calendar}', { params, signal })
      return { calendar: data as Calendar, etag: response.headers.get('ETag') ?? '' }
    },
    staleTime: 0,
    gcTime: 0,
  })

/** What is saved. `key` makes a repeated request for the same new calendar harmless. */
export interface SaveCalendar {
  spec: CalendarSpec
  key: string
}

/** Makes a calendar, or replaces the one that was read. */
export function useSaveCalendar(replaced?: { id: string; etag: string }) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: ({ spec, key }: SaveCalendar) =>
      replaced
        ? answer(
            api.PUT('/api/v1/calendars/{calendar}', {
              params: { path: { calendar: replaced.id }, header: { 'If-Match': replaced.etag } },
              body: spec,
            }),
          )
        : answer(api.POST('/api/v1/calendars', { body: spec, headers: { 'Idempotency-Key': key } })),
    onSuccess: (calendar) => {
      queryClient.setQueryData(calendarDetail(calendar.id).queryKey, calendar)
      void queryClient.invalidateQueries({ queryKey: ['calendars'] })
      // What schedules with it will do is another thing now.
      void queryClient.invalidateQueries({ queryKey: ['schedules'] })
    },
  })
}

export function useRemoveCalendar(calendar: Calendar, onRemoved: () => void) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: () =>
      answer(api.DELETE('/api/v1/calendars/{calendar}', { params: { path: { calendar: calendar.id } } })),
    onSuccess: () => {
      onRemoved()
      for (const kind of ['one', 'events']) {
        queryClient.removeQueries({ queryKey: ['calendars', kind, calendar.id] })
      }
      void queryClient.invalidateQueries({ queryKey: calendarList().queryKey })
    },
  })
}
