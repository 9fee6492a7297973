import type { Virtualizer } from '@tanstack/react-virtual'
import { type RefObject, useEffect, useRef } from 'react'
import type { Place } from './search'

/** Scrolls the current match of the search into view, within its row too, which may be higher and wider than the frame. */
export function useReveal(
  frame: RefObject<HTMLDivElement | null>,
  virtual: Virtualizer<HTMLDivElement, Element>,
  current: Place | null,
) {
  const wanted = useRef(false)

  useEffect(() => {
    wanted.current = current !== null
    if (current && !markIn(frame.current)) virtual.scrollToIndex(current.row, { align: 'center' })
  }, [current, frame, virtual])

  // After each drawing: the row of the match is drawn only once the rows have been scrolled to it.
  useEffect(() => {
    const mark = markIn(frame.current)
    if (!wanted.current || !frame.current || !mark || virtual.isScrolling) return
    wanted.current = false
    const around = frame.current.getBoundingClientRect()
    const box = mark.getBoundingClientRect()
    frame.current.scrollBy(
      wayInto([box.left, box.right], [around.left, around.right]),
      wayInto([box.top, box.bottom], [around.top, around.bottom]),
    )
  })
}

function markIn(frame: HTMLDivElement | null) {
  return frame?.querySelector('mark[aria-current]')
}

type Stretch = [low: number, high: number]

/** How far to scroll until `inner` is in the middle of `outer`; not at all where it is in it already. */
export function wayInto(inner: Stretch, outer: Stretch): number {
  if (inner[0] >= outer[0] && inner[1] <= outer[1]) return 0
  return (inner[0] + inner[1] - outer[0] - outer[1]) / 2
}
