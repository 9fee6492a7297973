import {
  type InfiniteData,
  infiniteQueryOptions,
  type QueryKey,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query'
import { answer, api } from '../../lib/api/client'
import { type Page, pagedList } from '../../lib/api/pages'
import type { AddComment, AssignItem, Item, ResolveItem, SaveView, UpdateItem } from '../../lib/api/types'
import { type InboxSearch, itemsQuery } from './search'

const pageLength = 50

/** An item that comes back after a while, or is overdue, tells nobody. */
const askAgainMs = 60_000
/** As long as the server takes somebody to be looking. */
const viewersMs = 45_000

export const itemList = (search: InboxSearch) => {
  const { q, ...list } = itemsQuery(search)
  return {
    ...pagedList(['items', 'list', list, q ?? null], (cursor, signal) =>
      answer(
        api.GET('/api/v1/items', {
          params: { query: { ...list, q, cursor, limit: pageLength } },
          signal,
        }),
      ),
    ),
    refetchInterval: askAgainMs,
    placeholderData: (found: FoundItems | undefined, before: { queryKey: QueryKey } | undefined) =>
      staysWhileTyping(found, before?.queryKey, list) ? found : undefined,
  }
}

type FoundItems = InfiniteData<Page<Item>, string | undefined>

/** Whether what was found stays on the screen while other words are looked for: in the same list, and where there is something to see. */
function staysWhileTyping(
  found: FoundItems | undefined,
  before: QueryKey | undefined,
  list: unknown,
): boolean {
  const hasItems = found?.pages.some(({ items }) => items.length > 0) ?? false
  return hasItems && JSON.stringify(before?.[2]) === JSON.stringify(list)
}

/** How many items there are of each queue; of a type (its id or name), or of all. */
export const itemCounts = (type?: string) =>
  queryOptions({
    queryKey: ['items', 'counts', type ?? null],
    queryFn: ({ signal }) => answer(api.GET('/api/v1/items/counts', { params: { query: { type } }, signal })),
    refetchInterval: askAgainMs,
  })

/** The newest items that are over, for the proof that something was decided. */
export const lastClosed = () =>
  queryOptions({
    queryKey: ['items', 'last-closed'],
    queryFn: ({ signal }) =>
      answer(api.GET('/api/v1/items', { params: { query: { state: 'closed', limit: 20 } }, signal })),
  })

/** An item as it was read, and the ETag that says so when it is decided. */
export interface ReadItem {
  item: Item
  etag: string
}

export const itemDetail = (item: string) =>
  queryOptions({
    queryKey: ['items', 'one', item],
    queryFn: async ({ signal }): Promise<ReadItem> => {
      const { data, response } = await api.GET('/api/v1/items/{item}', { params: { path: { item } }, signal })
      return { item: data as Item, etag: response.headers.get('ETag') ?? '' }
    },
    // What one may do with it is told with it, and may have changed while nobody looked.
    refetchOnWindowFocus: 'always',
    // Who looks away tells nobody.
    refetchInterval: ({ state }) => (state.data?.item.sheet?.viewers.length ? viewersMs : false),
  })

/** The log of an item, the oldest entry first. */
export const itemLog = (item: string) =>
  infiniteQueryOptions({
    queryKey: ['items', 'log', item],
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET('/api/v1/items/{item}/log', {
          params: { path: { item }, query: { after: pageParam, limit: 200 } },
          signal,
        }),
      ),
    initialPageParam: 0,
    getNextPageParam: (page) => (page.next ? page.items.at(-1)?.seq : undefined),
  })

export const itemViews = () =>
  queryOptions({
    queryKey: ['item-views'],
    queryFn: ({ signal }) => answer(api.GET('/api/v1/item-views', { signal })),
  })

/** What was read, when it is changed: only that is decided on which somebody has seen. */
type Seen = Pick<ReadItem, 'etag'>

export function useResolve(item: Item) {
  const refresh = useRefresh(item)
  return useMutation({
    mutationFn: ({ etag, ...body }: ResolveItem & Seen) =>
      answer(
        api.POST('/api/v1/items/{item}/resolve', {
          params: { path: { item: item.id }, header: { 'If-Match': etag } },
          body,
        }),
      ),
    onSettled: refresh,
  })
}

export function useMoveItem(item: Item) {
  const refresh = useRefresh(item)
  return useMutation({
    mutationFn: ({ etag, state }: { state: string } & Seen) =>
      answer(
        api.POST('/api/v1/items/{item}/move', {
          params: { path: { item: item.id }, header: { 'If-Match': etag } },
          body: { state },
        }),
      ),
    onSettled: refresh,
  })
}

export function useUpdateItem(item: Item) {
  const refresh = useRefresh(item)
  return useMutation({
    mutationFn: ({ etag, ...body }: UpdateItem & Seen) =>
      answer(
        api.PATCH('/api/v1/items/{item}', {
          params: { path: { item: item.id }, header: { 'If-Match': etag } },
          body,
        }),
      ),
    onSettled: refresh,
  })
}

export function useCancelItem(item: Item) {
  const refresh = useRefresh(item)
  return useMutation({
    mutationFn: (reason: string) =>
      answer(
        api.POST('/api/v1/items/{item}/cancel', {
          params: { path: { item: item.id } },
          body: reason ? { reason } : {},
        }),
      ),
    onSettled: refresh,
  })
}

export function useAssignItem(item: Item) {
  const refresh = useRefresh(item)
  return useMutation({
    mutationFn: (body: AssignItem) =>
      answer(api.PUT('/api/v1/items/{item}/assignee', { params: { path: { item: item.id } }, body })),
    onSettled: refresh,
  })
}

/** Puts an item out of the way until then; null brings it back. */
export function useSnoozeItem(item: Item) {
  const refresh = useRefresh(item)
  return useMutation({
    mutationFn: (until: string | null) =>
      answer(
        api.PUT('/api/v1/items/{item}/snooze', { params: { path: { item: item.id } }, body: { until } }),
      ),
    onSettled: refresh,
  })
}

/** Says that an item is about the same as another, by its id. */
export function useMergeItem(item: Item) {
  const refresh = useRefresh(item)
  return useMutation({
    mutationFn: (into: string) =>
      answer(api.POST('/api/v1/items/{item}/merge', { params: { path: { item: item.id } }, body: { into } })),
    onSettled: refresh,
  })
}

export function useAddComment(item: Item) {
  const refresh = useRefresh(item)
  return useMutation({
    mutationFn: (body: AddComment) =>
      answer(api.POST('/api/v1/items/{item}/comments', { params: { path: { item: item.id } }, body })),
    onSettled: refresh,
  })
}

export function useSaveView() {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (body: SaveView) => answer(api.POST('/api/v1/item-views', { body })),
    onSettled: () => queryClient.invalidateQueries({ queryKey: itemViews().queryKey }),
  })
}

export function useRemoveView() {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (view: string) =>
      answer(api.DELETE('/api/v1/item-views/{view}', { params: { path: { view } } })),
    onSettled: () => queryClient.invalidateQueries({ queryKey: itemViews().queryKey }),
  })
}

/** Reads anew what an item's change makes old; also after a failure, which may mean that it is another one by now. Nobody waits for it. */
function useRefresh({ id }: Item) {
  const queryClient = useQueryClient()
  const stale = [
    ['items', 'list'],
    ['items', 'counts'],
    ['items', 'last-closed'],
    ['items', 'one', id],
    ['items', 'log', id],
  ]
  return () => {
    for (const queryKey of stale) void queryClient.invalidateQueries({ queryKey })
  }
}
