import type { QueryClient, QueryKey } from '@tanstack/react-query'

/**
 * Reads anew what is on the screen of these keys. What is being read at the moment is let be, for during a burst of
 * events a slow answer would be given up again and again and never arrive; its keys come back, to be tried later.
 */
export function refresh(queryClient: QueryClient, keys: readonly QueryKey[]): QueryKey[] {
  const distinct = new Map(keys.map((key) => [JSON.stringify(key), key]))
  const later: QueryKey[] = []
  for (const queryKey of distinct.values()) {
    if (queryClient.isFetching({ queryKey }) > 0) later.push(queryKey)
    else void queryClient.invalidateQueries({ queryKey })
  }
  return later
}
