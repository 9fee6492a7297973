import { useNavigate } from '@tanstack/react-router'

let isFocusWanted = false

/** Says that the next item that is shown is to have the focus at its title. */
export function wantFocus() {
  isFocusWanted = true
}

/** Whether somebody has come to this item by its list or after another one; asked once. */
export function takeFocusWish(): boolean {
  const wasWanted = isFocusWanted
  isFocusWanted = false
  return wasWanted
}

let isListDone = false

/** Whether somebody has come back to the list because no other item was left; asked once. The item that was left is about to go from the list. */
export function takeListDone(): boolean {
  const wasDone = isListDone
  isListDone = false
  return wasDone
}

let advancedAtMs = Number.NEGATIVE_INFINITY

/** Notes that the next item comes by itself, after a decision. */
export function noteAdvance() {
  advancedAtMs = performance.now()
}

/** How long ago that was. */
export function sinceAdvanceMs(): number {
  return performance.now() - advancedAtMs
}

/** Opens an item of the same list; null goes back to the list. */
export function useGoToItem() {
  const navigate = useNavigate()
  return (item: string | null) => {
    if (!item) {
      isListDone = true
      return void navigate({ to: '/inbox', search: true })
    }
    wantFocus()
    void navigate({ to: '/inbox/$item', params: { item }, search: true })
  }
}
