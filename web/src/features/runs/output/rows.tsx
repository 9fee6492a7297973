import { useVirtualizer } from '@tanstack/react-virtual'
import { type RefObject, useEffect, useRef } from 'react'
import type { OutputLine } from './lines'
import type { RowMatches } from './parts'
import { RowText } from './row-text'
import type { Found, Place } from './search'
import { useReveal } from './use-reveal'
import classes from './viewer.module.css'

const rowHeight = 20
/** Nearer to the end than this counts as being there. */
const endDistance = 24

interface OutputRowsProps {
  frame: RefObject<HTMLDivElement | null>
  rows: OutputLine[]
  wraps: boolean
  follows: boolean
  onFollows: (follows: boolean) => void
  found: Found
  /** The match that one has gone to. */
  current: Place | null
}

/** The rows in view, out of tens of thousands. */
export function OutputRows(props: OutputRowsProps) {
  const { frame, rows, wraps, follows, onFollows, found, current } = props
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => frame.current,
    estimateSize: () => rowHeight,
    overscan: 20,
  })

  // biome-ignore lint/correctness/useExhaustiveDependencies: other widths have other heights
  useEffect(() => virtual.measure(), [wraps, virtual])

  // biome-ignore lint/correctness/useExhaustiveDependencies: every new row, or a longer one, moves the end
  useEffect(() => {
    if (follows && rows.length > 0) virtual.scrollToIndex(rows.length - 1, { align: 'end' })
  }, [rows, follows, wraps, virtual])

  // The end may come into view because a match is there, and then only the reader may go on with following.
  const isAtMatch = useRef(false)
  useEffect(() => {
    isAtMatch.current = current !== null
    if (current) onFollows(false)
  }, [current, onFollows])
  useReveal(frame, virtual, current)
  const leaveMatch = () => {
    isAtMatch.current = false
  }

  const onWheel = (deltaY: number) => {
    if (deltaY < 0) onFollows(false)
  }
  const onScroll = () => {
    const element = frame.current
    if (!element || follows || isAtMatch.current) return
    const distance = element.scrollHeight - element.scrollTop - element.clientHeight
    if (distance < endDistance && element.scrollTop > 0) onFollows(true)
  }

  return (
    <div
      ref={frame}
      className={classes.frame}
      data-wraps={wraps || undefined}
      role="log"
      aria-live="off"
      aria-label="Output lines"
      tabIndex={0}
      onWheelCapture={leaveMatch}
      onPointerDownCapture={leaveMatch}
      onTouchMoveCapture={leaveMatch}
      onKeyDownCapture={leaveMatch}
      onWheel={(event) => onWheel(event.deltaY)}
      // Only the scroll bar is the frame itself: whoever takes it wants to look elsewhere.
      onPointerDown={(event) => event.target === event.currentTarget && onFollows(false)}
      onTouchMove={() => onFollows(false)}
      onKeyDown={(event) => {
        if (['ArrowUp', 'PageUp', 'Home'].includes(event.key)) onFollows(false)
        if (event.key === 'End') onFollows(true)
      }}
      onScroll={onScroll}
    >
      <div className={classes.sheet} style={{ height: virtual.getTotalSize() }}>
        <div
          className={classes.window}
          style={{ transform: `translateY(${virtual.getVirtualItems()[0]?.start ?? 0}px)` }}
        >
          {virtual.getVirtualItems().map(({ index, key }) => {
            const row = rows[index]
            if (!row) return null
            return (
              <div
                key={key}
                ref={wraps ? virtual.measureElement : undefined}
                data-index={index}
                data-stream={row.stream}
                className={classes.row}
              >
                <Mark row={row} before={rows[index - 1]} />
                <span className={classes.text}>
                  <RowText row={row} matches={matchesIn(found, index, current)} />
                </span>
              </div>
            )
          })}
        </div>
      </div>
    </div>
  )
}

function matchesIn({ query, starts }: Found, index: number, current: Place | null): RowMatches | null {
  const inRow = starts[index]
  if (!inRow || inRow.length === 0) return null
  return { starts: inRow, length: query.length, current: current?.row === index ? current.start : null }
}

/** Where an action begins, its number; else `!` on what came on stderr, so that colour is not all that tells. */
function Mark({ row, before }: { row: OutputLine; before: OutputLine | undefined }) {
  const begins = before?.action !== row.action
  return (
    <span className={classes.mark}>
      {begins && <span title={`Action ${row.action + 1}`}>{row.action + 1}</span>}
      {row.stream === 'error' && <abbr title="stderr">!</abbr>}
    </span>
  )
}
