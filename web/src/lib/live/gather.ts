/**
 * Calls `deliver` with everything that was added, at most once per `waitMs`: a run on a thousand devices sends
 * thousands of events, and each would ask the server again.
 */
export function gather<Item>(waitMs: number, deliver: (items: Item[]) => void) {
  let waiting: Item[] = []
  let timer: ReturnType<typeof setTimeout> | undefined

  const flush = () => {
    timer = undefined
    if (waiting.length === 0) return
    const items = waiting
    waiting = []
    // Armed first: what `deliver` causes is gathered as well.
    timer = setTimeout(flush, waitMs)
    deliver(items)
  }

  return {
    add(item: Item) {
      waiting.push(item)
      timer ??= setTimeout(flush, 0)
    },
    stop() {
      clearTimeout(timer)
      waiting = []
    },
  }
}
