import { queryOptions } from '@tanstack/react-query'
import { answer, api } from '../../lib/api/client'
import { pagedList } from '../../lib/api/pages'

export const instanceDetail = () =>
  queryOptions({
    queryKey: ['instance'],
    queryFn: ({ signal }) => answer(api.GET('/api/v1/instance', { signal })),
    staleTime: 10_000,
  })

export const meDetail = () =>
  queryOptions({
    queryKey: ['me'],
    queryFn: ({ signal }) => answer(api.GET('/api/v1/me', { signal })),
    staleTime: Number.POSITIVE_INFINITY,
    // What one may do changes while nobody looks, and only super users are told of it.
    refetchOnWindowFocus: 'always',
  })

/** The browsers that one is signed in with. */
export const ownSessions = () =>
  pagedList(['sessions'], (cursor, signal) =>
    answer(api.GET('/api/v1/me/sessions', { params: { query: { cursor } }, signal })),
  )

export const keyList = () =>
  pagedList(['keys'], (cursor, signal) =>
    answer(api.GET('/api/v1/keys', { params: { query: { cursor } }, signal })),
  )
