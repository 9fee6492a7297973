import { useElementSize } from '@mantine/hooks'
import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, type MouseEvent, memo, useEffect, useRef, useState } from 'react'
import { stateWord, toneOf } from '../state'
import { stateIcons } from '../state-badge'
import classes from './tile-grid.module.css'
import { type Grid, placeAfter, stateAt } from './tiles'

/** From one tile to the next, in pixels; tile-grid.module.css draws them. */
const pitch = 30
const iconSize = 16

interface TileGridProps {
  grid: Grid
  /** Which of its executions are shown, in their order. */
  places: Uint32Array
  chosenId: string | undefined
  onChoose: (id: string) => void
}

/**
 * A tile for each execution. Only the rows in view are in the document, so that twenty thousand scroll like twenty; for readers
 * of the screen it is a list of which one entry is active, and that one is always there.
 */
export function TileGrid({ grid, places, chosenId, onChoose }: TileGridProps) {
  const frame = useRef<HTMLDivElement>(null)
  const { ref: measured, width } = useElementSize()
  const columns = Math.max(1, Math.floor(width / pitch))
  const rowCount = Math.ceil(places.length / columns)
  const [active, setActive] = useState<number | null>(null)
  const [hovered, setHovered] = useState<number | null>(null)
  const [hasFocus, setFocus] = useState(false)
  const rows = useVirtualizer({
    count: width === 0 ? 0 : rowCount,
    getScrollElement: () => frame.current,
    estimateSize: () => pitch,
    overscan: 4,
  })
  const isActive = active !== null && active < places.length ? active : null
  const labelled = hovered ?? (hasFocus ? isActive : null)

  useEffect(() => {
    if (isActive !== null) rows.scrollToIndex(Math.floor(isActive / columns))
  }, [isActive, columns, rows])

  const choose = (at: number) => {
    const id = grid.ids[places[at] ?? -1]
    if (id) onChoose(id)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if ((event.key === 'Enter' || event.key === ' ') && isActive !== null) {
      event.preventDefault()
      return choose(isActive)
    }
    const page = Math.max(1, Math.floor((frame.current?.clientHeight ?? pitch) / pitch) - 1)
    const next = placeAfter(event.key, isActive ?? 0, { columns, page, count: places.length })
    if (next === undefined) return
    event.preventDefault()
    setHovered(null)
    setActive(next)
  }
  const onFocus = () => {
    setFocus(true)
    if (isActive !== null) return
    const chosen = chosenId === undefined ? -1 : places.findIndex((place) => grid.ids[place] === chosenId)
    setActive(Math.max(0, chosen))
  }

  return (
    <div className={classes.outside}>
      <div
        ref={frame}
        className={classes.frame}
        role="listbox"
        aria-label="Devices by state"
        aria-describedby="grid-hint"
        aria-activedescendant={isActive === null ? undefined : tileId(isActive)}
        tabIndex={0}
        onKeyDown={onKeyDown}
        onFocus={onFocus}
        onBlur={() => setFocus(false)}
        onClick={(event) => {
          const at = tileAt(event)
          if (at === null) return
          setActive(at)
          choose(at)
        }}
        onMouseOver={(event) => setHovered(tileAt(event))}
        onMouseLeave={() => setHovered(null)}
      >
        <div ref={measured} className={classes.rows} role="none" style={{ height: rowCount * pitch }}>
          {rows.getVirtualItems().map(({ index, start }) => {
            const from = index * columns
            const to = Math.min(from + columns, places.length)
            return (
              <TileRow
                key={index}
                grid={grid}
                places={places}
                from={from}
                to={to}
                top={start}
                look={lookOf(grid, places, from, to)}
                active={isActive !== null && isActive >= from && isActive < to ? isActive : -1}
                chosenId={chosenId}
              />
            )
          })}
        </div>
      </div>
      {labelled !== null && places[labelled] !== undefined && (
        <TileLabel
          grid={grid}
          place={places[labelled]}
          row={Math.floor(labelled / columns)}
          scrolled={rows.scrollOffset ?? 0}
          at={(labelled % columns) / columns}
        />
      )}
    </div>
  )
}

interface TileRowProps {
  grid: Grid
  places: Uint32Array
  from: number
  to: number
  top: number
  /** What decides how it looks, but for the names. */
  look: string
  active: number
  chosenId: string | undefined
}

const TileRow = memo(
  function TileRow({ grid, places, from, to, top, active, chosenId }: TileRowProps) {
    const tiles = []
    for (let at = from; at < to; at += 1) {
      const place = places[at] ?? 0
      const state = stateAt(grid, place)
      const Drawing = stateIcons[state]
      tiles.push(
        // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus, and says which tile is active
        <div
          key={at}
          id={tileId(at)}
          role="option"
          aria-label={`${grid.devices[place]}: ${stateWord(state)}`}
          aria-selected={grid.ids[place] === chosenId}
          aria-posinset={at + 1}
          aria-setsize={places.length}
          className={classes.tile}
          data-at={at}
          data-tone={toneOf(state)}
          data-active={at === active || undefined}
        >
          <Drawing size={iconSize} />
        </div>,
      )
    }
    return (
      <div className={classes.row} role="none" style={{ transform: `translateY(${top}px)` }}>
        {tiles}
      </div>
    )
  },
  (before, next) =>
    before.look === next.look &&
    before.from === next.from &&
    before.to === next.to &&
    before.top === next.top &&
    before.active === next.active &&
    before.chosenId === next.chosenId &&
    before.places.length === next.places.length &&
    before.grid.ids === next.grid.ids,
)

/** The states of a row and which executions they are of, as one text to compare. */
function lookOf(grid: Grid, places: Uint32Array, from: number, to: number): string {
  let look = ''
  for (let at = from; at < to; at += 1) {
    const place = places[at] ?? 0
    look += `${place.toString(36)}${String.fromCharCode(65 + (grid.codes[place] ?? 0))}`
  }
  return look
}

/** Names a tile beside it: which device, and its state in words. */
function TileLabel({
  grid,
  place,
  row,
  scrolled,
  at,
}: {
  grid: Grid
  place: number
  row: number
  scrolled: number
  at: number
}) {
  const side = at < 0.5 ? { insetInlineStart: `${at * 100}%` } : { insetInlineEnd: `${(1 - at) * 100}%` }
  return (
    <div
      className={classes.label}
      role="presentation"
      style={{ insetBlockStart: (row + 1) * pitch - scrolled + 10, ...side }}
    >
      {grid.devices[place]}: {stateWord(stateAt(grid, place))}
    </div>
  )
}

function tileId(at: number): string {
  return `tile-${at}`
}

/** The tile that an event is about. */
function tileAt({ target }: MouseEvent): number | null {
  const tile = target instanceof Element ? target.closest('[data-at]') : null
  return tile ? Number(tile.getAttribute('data-at')) : null
}
