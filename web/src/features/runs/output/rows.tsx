import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef } from 'react'
import type { OutputLine } from './lines'
import classes from './viewer.module.css'

const rowHeight = 20
/** Nearer to the end than this counts as being there. */
const endDistance = 24

interface OutputRowsProps {
  rows: OutputLine[]
  wraps: boolean
  follows: boolean
  onFollows: (follows: boolean) => void
}

/** The rows in view, out of tens of thousands. */
export function OutputRows({ rows, wraps, follows, onFollows }: OutputRowsProps) {
  const frame = useRef<HTMLDivElement>(null)
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

  const onWheel = (deltaY: number) => {
    if (deltaY < 0) onFollows(false)
  }
  const onScroll = () => {
    const { current } = frame
    if (!current || follows) return
    const distance = current.scrollHeight - current.scrollTop - current.clientHeight
    if (distance < endDistance && current.scrollTop > 0) onFollows(true)
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
                <span className={classes.text}>{row.text || '\u200b'}</span>
              </div>
            )
          })}
        </div>
      </div>
    </div>
  )
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
