import { infiniteQueryOptions, type QueryKey, useInfiniteQuery } from '@tanstack/react-query'
import { useEffect, useMemo } from 'react'

export interface Page<Item> {
  items: Item[]
  next?: string | null
}

/** A list that is read page by page, each by the cursor of the one before. */
export function pagedList<Item>(
  queryKey: QueryKey,
  load: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<Item>>,
) {
  return infiniteQueryOptions({
    queryKey,
    queryFn: ({ pageParam, signal }) => load(pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  })
}

/** The items read so far; with `whole` the rest is fetched page after page, for searching in all of them. */
export function usePagedList<Item>(list: ReturnType<typeof pagedList<Item>>, { whole } = { whole: false }) {
  const query = useInfiniteQuery(list)
  const { hasNextPage, isFetching, isError, fetchNextPage } = query
  useEffect(() => {
    if (whole && hasNextPage && !isFetching && !isError) void fetchNextPage()
  }, [whole, hasNextPage, isFetching, isError, fetchNextPage])
  const items = useMemo(() => query.data?.pages.flatMap((page) => page.items), [query.data])
  return { query, items }
}
