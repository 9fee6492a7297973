import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef } from 'react'
import type { Execution } from '../../lib/api/types'
import classes from './execution-list.module.css'
import { StateBadge } from './state-badge'

const rowHeight = 46

interface ExecutionListProps {
  executions: Execution[]
  chosenId: string | undefined
  query: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown }
  onChoose: (id: string) => void
}

/** The devices of a run with their states; only what is in view is drawn, and the rest is read on the way down. */
export function ExecutionList({ executions, chosenId, query, onChoose }: ExecutionListProps) {
  const frame = useRef<HTMLDivElement>(null)
  const rows = useVirtualizer({
    count: executions.length,
    getScrollElement: () => frame.current,
    estimateSize: () => rowHeight,
    getItemKey: (index) => executions[index]?.id ?? index,
    overscan: 8,
  })
  const items = rows.getVirtualItems()
  const lastShown = items.at(-1)?.index ?? 0
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query

  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && lastShown >= executions.length - 10) void fetchNextPage()
  }, [hasNextPage, isFetchingNextPage, fetchNextPage, lastShown, executions.length])

  return (
    <div ref={frame} className={classes.frame}>
      <ul className={classes.list} aria-label="Devices of this run" style={{ height: rows.getTotalSize() }}>
        {items.map(({ index, key, start }) => {
          const execution = executions[index]
          if (!execution) return null
          return (
            <li
              key={key}
              className={classes.item}
              aria-setsize={hasNextPage ? -1 : executions.length}
              aria-posinset={index + 1}
              style={{ height: rowHeight, transform: `translateY(${start}px)` }}
            >
              <button
                type="button"
                className={classes.choice}
                aria-current={execution.id === chosenId || undefined}
                onClick={() => onChoose(execution.id)}
              >
                <span className={classes.name}>{execution.device.name}</span>
                <StateBadge state={execution.state} />
              </button>
            </li>
          )
        })}
      </ul>
    </div>
  )
}
