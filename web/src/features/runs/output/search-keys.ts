import type { KeyboardEvent, RefObject } from 'react'
import type { Search } from './use-search'

/** The keys of the search, wherever in the viewer the focus is. */
export function searchKeys(
  { query, onQuery, onStep }: Search,
  field: RefObject<HTMLInputElement | null>,
  focusLines: () => void,
) {
  return (event: KeyboardEvent<HTMLElement>) => {
    // What is drawn elsewhere on the page, such as an open menu, has keys of its own.
    if (!event.currentTarget.contains(event.target as Node)) return
    const isInField = event.target === field.current
    switch (searchKey(event, isInField)) {
      case 'open':
        field.current?.focus()
        field.current?.select()
        break
      case 'next':
        onStep(1)
        break
      case 'previous':
        onStep(-1)
        break
      case 'close':
        if (query === '' && !isInField) return
        onQuery('')
        focusLines()
        break
      default:
        return
    }
    event.preventDefault()
  }
}

type Pressed = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>

/** What a key means to the search. */
export function searchKey(
  { key, ctrlKey, metaKey, altKey, shiftKey }: Pressed,
  isInField: boolean,
): 'open' | 'next' | 'previous' | 'close' | null {
  if (altKey) return null
  if (ctrlKey || metaKey) return key.toLowerCase() === 'f' && !shiftKey ? 'open' : null
  if (key === '/' && !isInField) return 'open'
  if (key === 'F3') return shiftKey ? 'previous' : 'next'
  if (key === 'Enter' && isInField) return shiftKey ? 'previous' : 'next'
  return key === 'Escape' ? 'close' : null
}
