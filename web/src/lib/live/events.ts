import { type QueryClient, type QueryKey, useQueryClient } from '@tanstack/react-query'
import { useEffect, useSyncExternalStore } from 'react'
import { gather } from './gather'
import { eventNames, ownRights, parseEvent, type ServerEvent, staleAfter } from './invalidations'
import { refresh } from './refresh'
import { openSource } from './source'

const gatherMs = 1_000

type Connection = 'connecting' | 'live' | 'lost'

let connection: Connection = 'connecting'
const connectionListeners = new Set<() => void>()
const eventListeners = new Set<(event: ServerEvent) => void>()

/** Keeps what is on the screen up to date for as long as the calling component is shown. */
export function useServerEvents() {
  const queryClient = useQueryClient()
  useEffect(() => listen(queryClient), [queryClient])
}

/** Whether the server's events arrive. */
export function useConnection(): Connection {
  return useSyncExternalStore(
    (listener) => {
      connectionListeners.add(listener)
      return () => connectionListeners.delete(listener)
    },
    () => connection,
  )
}

/** Calls `handle` for every event while the component is shown; `handle` has to be stable. */
export function useOnServerEvent(handle: (event: ServerEvent) => void) {
  useEffect(() => {
    eventListeners.add(handle)
    return () => {
      eventListeners.delete(handle)
    }
  }, [handle])
}

function listen(queryClient: QueryClient) {
  let lastId = ''
  let wasLost = false
  const stale = gather<QueryKey>(gatherMs, (keys) => {
    for (const key of refresh(queryClient, keys)) stale.add(key)
  })

  const take = (message: MessageEvent<string>) => {
    lastId = message.lastEventId || lastId
    const event = parseEvent(message.data)
    if (!event) return
    for (const key of staleAfter(event)) stale.add(key)
    for (const listener of eventListeners) listener(event)
  }

  const close = openSource({
    address: () => (lastId ? `/api/v1/events?after=${encodeURIComponent(lastId)}` : '/api/v1/events'),
    events: Object.fromEntries(eventNames.map((name) => [name, take])),
    onOpen: () => {
      // Whatever happened while the stream was lost may have been missed.
      if (wasLost) void queryClient.invalidateQueries()
      wasLost = false
      setConnection('live')
    },
    onLost: () => {
      wasLost = true
      // A session that has been ended loses its stream; nothing else would tell.
      void queryClient.invalidateQueries({ queryKey: ownRights })
      setConnection('lost')
    },
  })

  return () => {
    close()
    stale.stop()
    setConnection('connecting')
  }
}

function setConnection(next: Connection) {
  if (next === connection) return
  connection = next
  for (const listener of connectionListeners) listener()
}
