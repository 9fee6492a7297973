import { useEffect, useMemo, useSyncExternalStore } from 'react'
import type { Execution, OutputEvent } from '../../../lib/api/types'
import { openSource } from '../../../lib/live/source'
import { OutputLines } from './lines'

export interface LiveOutput {
  lines: OutputLines
  /** Counts up with every change of `lines`. */
  version: number
  phase: 'connecting' | 'live' | 'lost' | 'complete'
}

/** Follows an execution's output for as long as the calling component is shown. `onExecution` has to be stable. */
export function useLiveOutput(executionId: string, onExecution: (execution: Execution) => void): LiveOutput {
  const feed = useMemo(() => new OutputFeed(executionId), [executionId])
  useEffect(() => feed.open(onExecution), [feed, onExecution])
  return useSyncExternalStore(feed.subscribe, feed.snapshot)
}

export function bytesOfBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let index = 0; index < binary.length; index += 1) bytes[index] = binary.charCodeAt(index)
  return bytes
}

class OutputFeed {
  readonly #id: string
  #current: LiveOutput = { lines: new OutputLines(), version: 0, phase: 'connecting' }
  #lastSeq = 0
  #frame = 0
  #latest: Execution | null = null
  readonly #listeners = new Set<() => void>()

  constructor(id: string) {
    this.#id = id
  }

  readonly subscribe = (listener: () => void) => {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  readonly snapshot = () => this.#current

  open(onExecution: (execution: Execution) => void): () => void {
    if (this.#current.phase === 'complete') return () => undefined
    const close = openSource({
      address: () => `/api/v1/executions/${encodeURIComponent(this.#id)}/output`,
      onOpen: () => this.#announce('live'),
      onLost: () => this.#announce('lost'),
      events: {
        output: (message) => this.#take(JSON.parse(message.data) as OutputEvent),
        execution: (message) => {
          this.#latest = JSON.parse(message.data) as Execution
          onExecution(this.#latest)
        },
        end: () => {
          close()
          this.#addWhatWasNotStreamed()
          this.#announce('complete')
        },
      },
    })
    return () => {
      close()
      cancelAnimationFrame(this.#frame)
      this.#frame = 0
    }
  }

  #take({ seq, action, stream, data }: OutputEvent) {
    // A stream that was opened anew begins at the first piece again.
    if (seq <= this.#lastSeq) return
    this.#lastSeq = seq
    this.#current.lines.append(action, stream, bytesOfBase64(data))
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0
      this.#announce(this.#current.phase)
    })
  }

  /** An action that could not start has its reason in `error`, and nothing was streamed of it. */
  #addWhatWasNotStreamed() {
    const { lines } = this.#current
    const encoder = new TextEncoder()
    this.#latest?.actions.forEach((result, action) => {
      if (lines.has(action)) return
      if (result.output) lines.append(action, 'output', encoder.encode(result.output))
      if (result.error) lines.append(action, 'error', encoder.encode(result.error))
    })
  }

  #announce(phase: LiveOutput['phase']) {
    this.#current = { lines: this.#current.lines, version: this.#current.version + 1, phase }
    for (const listener of this.#listeners) listener()
  }
}
