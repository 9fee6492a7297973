import { CloseButton, TextInput } from '@mantine/core'
import { useDebouncedCallback, useMediaQuery } from '@mantine/hooks'
import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { useCommands } from '../../../lib/commands'
import { SearchIcon } from '../../../ui/icons'
import { searchLengthMax } from '../search'
import classes from './inbox-filters.module.css'

/** So long nobody has typed before the words are looked for. */
const quietMs = 250

interface SearchFieldProps {
  /** The words that are looked for. */
  q: string | undefined
  /** What is wrong with them. */
  problem: string | undefined
  /** Whether an item is open: on a narrow screen it stands in place of the list. */
  isItemOpen: boolean
  onSearch: (q: string) => void
}

/** Looks for items by their words. */
export function SearchField({ q = '', problem, isItemOpen, onSearch }: SearchFieldProps) {
  const field = useRef<HTMLInputElement>(null)
  const [typed, setTyped] = useState(q)
  // What was asked for here comes back when somebody may have typed on already.
  const asked = useRef(q)
  const ask = (text: string) => {
    const words = text.trim()
    if (words === asked.current) return
    asked.current = words
    onSearch(words)
  }
  const askSoon = useDebouncedCallback(ask, quietMs)
  const askNow = (text: string) => {
    askSoon.cancel()
    setTyped(text)
    ask(text)
  }
  useEffect(() => {
    if (q === asked.current) return
    // Another list was chosen: its words take the place of those that were typed.
    asked.current = q
    askSoon.cancel()
    setTyped(q)
  }, [q, askSoon])

  const isWide = useMediaQuery('(min-width: 1000px)', true, { getInitialValueInEffect: false })
  const focus = () => {
    field.current?.focus()
    field.current?.select()
  }
  useCommands(
    isWide || !isItemOpen ? [{ id: 'search', label: 'Search the items', key: '/', run: focus }] : [],
  )
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.nativeEvent.isComposing) return
    if (event.key === 'Escape') {
      if (typed === '') event.currentTarget.blur()
      else askNow('')
    }
    if (event.key === 'Enter') {
      askNow(typed)
      // The keys go through the list again, and a phone shows it in full.
      event.currentTarget.blur()
    }
  }
  return (
    <div role="search" className={classes.search}>
      <TextInput
        ref={field}
        aria-label="Search the items"
        aria-keyshortcuts="/"
        placeholder="Title, field, id or comment"
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        enterKeyHint="search"
        maxLength={searchLengthMax}
        leftSection={<SearchIcon size={16} />}
        rightSection={
          typed !== '' && (
            <CloseButton
              size="sm"
              aria-label="Clear the search"
              onClick={() => {
                askNow('')
                field.current?.focus()
              }}
            />
          )
        }
        value={typed}
        error={problem}
        onChange={(event) => {
          setTyped(event.currentTarget.value)
          askSoon(event.currentTarget.value)
        }}
        onKeyDown={onKeyDown}
      />
    </div>
  )
}
