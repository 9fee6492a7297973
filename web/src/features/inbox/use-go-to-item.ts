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

/** Opens an item of the same list; null goes back to the list. */
export function useGoToItem() {
  const navigate = useNavigate()
  return (item: string | null) => {
    if (!item) return void navigate({ to: '/inbox', search: true })
    wantFocus()
    void navigate({ to: '/inbox/$item', params: { item }, search: true })
  }
}
