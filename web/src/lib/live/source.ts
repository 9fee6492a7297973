/** How long to wait before opening a lost stream again, by how often it failed in a row. */
export function reopenDelayMs(failureCount: number, chance: number): number {
  const ceiling = Math.min(30_000, 500 * 2 ** Math.min(failureCount, 10))
  return Math.round(ceiling * (0.5 + chance / 2))
}

export interface SourceHandlers {
  /** The address to open; asked again before each attempt, so that it can carry where to go on. */
  address: () => string
  events: Record<string, (event: MessageEvent<string>) => void>
  onOpen?: () => void
  onLost?: () => void
}

/**
 * An EventSource that does not give up: the browser reopens after a lost connection, but closes for good after an
 * answer such as 502, which a restarting server behind a proxy gives. Returns what closes it.
 */
export function openSource({ address, events, onOpen, onLost }: SourceHandlers): () => void {
  let source: EventSource | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let failureCount = 0

  const open = () => {
    const opened = new EventSource(address())
    source = opened
    opened.onopen = () => {
      failureCount = 0
      onOpen?.()
    }
    opened.onerror = () => {
      onLost?.()
      if (opened.readyState !== EventSource.CLOSED) return
      failureCount += 1
      timer = setTimeout(open, reopenDelayMs(failureCount, Math.random()))
    }
    for (const [name, handle] of Object.entries(events)) opened.addEventListener(name, handle)
  }

  open()
  return () => {
    clearTimeout(timer)
    source?.close()
  }
}
