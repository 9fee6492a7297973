import type { OutputStream } from '../../../lib/api/types'
import { harmlessText, type StyledText } from './harmless'
import { type StyledSpan, withSpan } from './spans'

/** One row of the viewer. */
export interface OutputLine {
  action: number
  stream: OutputStream
  text: string
  /** The stretches of the text that are not plain, in their order. */
  spans: readonly StyledSpan[]
  /** Whether the next row of the same stream goes on in the same line, which was too long for one row. */
  goesOn: boolean
}

/** Longer lines are shown in several rows: one row of a megabyte would stop the page. */
export const rowLengthMax = 2_000

/**
 * The rows of an execution's output, in the order in which they arrived. A line that arrives in pieces stays where it
 * began, even where the other stream printed in between.
 */
export class OutputLines {
  readonly rows: OutputLine[] = []
  readonly #streams = new Map<string, StreamState>()

  append(action: number, stream: OutputStream, bytes: Uint8Array<ArrayBuffer>) {
    const state = this.#stream(action, stream)
    state.bytes.push(bytes)
    for (const piece of state.read(state.decoder.decode(bytes, { stream: true })))
      this.#write(state, action, stream, piece)
  }

  /** The raw bytes of a stream, as the device sent them. */
  bytesOf(stream: OutputStream): Uint8Array<ArrayBuffer>[] {
    const keys = [...this.#streams.keys()].filter((key) => key.endsWith(`:${stream}`)).sort(byAction)
    return keys.flatMap((key) => this.#streams.get(key)?.bytes ?? [])
  }

  has(action: number): boolean {
    return this.#streams.has(`${action}:output`) || this.#streams.has(`${action}:error`)
  }

  /** What is shown, as text. */
  toText(shows: (row: OutputLine) => boolean = () => true): string {
    return this.rows.map((row) => (shows(row) ? row.text + (row.goesOn ? '' : '\n') : '')).join('')
  }

  #write(state: StreamState, action: number, stream: OutputStream, { text, style }: StyledText) {
    const parts = text.split('\n')
    parts.forEach((part, index) => {
      const isLast = index === parts.length - 1
      if (!(isLast && part === '')) this.#extend(state, action, stream, { text: part, style })
      if (!isLast) state.openRow = null
    })
  }

  /** Adds to the line that is open, or begins one. */
  #extend(state: StreamState, action: number, stream: OutputStream, { text, style }: StyledText) {
    let rest = text
    do {
      if (state.openRow === null) {
        state.openRow = this.rows.length
        this.rows.push({ action, stream, text: '', spans: [], goesOn: false })
      }
      const row = this.rows[state.openRow] as OutputLine
      const room = rowLengthMax - row.text.length
      const goesOn = rest.length > room
      const longer = row.text + rest.slice(0, room)
      const spans = withSpan(row.spans, { start: row.text.length, end: longer.length, style })
      this.rows[state.openRow] = { ...row, text: longer, spans, goesOn }
      rest = rest.slice(room)
      if (goesOn) state.openRow = null
    } while (rest !== '')
  }

  #stream(action: number, stream: OutputStream): StreamState {
    const key = `${action}:${stream}`
    const known = this.#streams.get(key)
    if (known) return known
    const state = { decoder: new TextDecoder(), read: harmlessText(), bytes: [], openRow: null }
    this.#streams.set(key, state)
    return state
  }
}

interface StreamState {
  decoder: TextDecoder
  read: (text: string) => StyledText[]
  bytes: Uint8Array<ArrayBuffer>[]
  openRow: number | null
}

function byAction(one: string, other: string): number {
  return Number.parseInt(one, 10) - Number.parseInt(other, 10)
}
