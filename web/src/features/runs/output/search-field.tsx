import { ActionIcon, TextInput } from '@mantine/core'
import type { ReactNode, RefObject } from 'react'
import { DownIcon, SearchIcon, UpIcon } from '../../../ui/icons'
import type { Search } from './use-search'
import classes from './viewer.module.css'

interface SearchFieldProps {
  search: Search
  field: RefObject<HTMLInputElement | null>
}

/** What to look for in the output, how often it is there, and the ways from one match to the next. */
export function SearchField({ search, field }: SearchFieldProps) {
  const { query, onQuery, onStep } = search
  return (
    <div className={classes.search} role="search">
      <TextInput
        ref={field}
        className={classes.field}
        size="xs"
        aria-label="Search the output"
        aria-keyshortcuts="/ Control+F"
        placeholder="Search"
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        leftSection={<SearchIcon size={14} />}
        value={query}
        onChange={(event) => onQuery(event.currentTarget.value)}
      />
      <span role="status" className={classes.count}>
        {countText(search)}
      </span>
      {query !== '' && (
        <>
          <StepButton label="Previous match" isOff={search.number === null} onClick={() => onStep(-1)}>
            <UpIcon size={14} />
          </StepButton>
          <StepButton label="Next match" isOff={search.number === null} onClick={() => onStep(1)}>
            <DownIcon size={14} />
          </StepButton>
        </>
      )}
    </div>
  )
}

interface StepButtonProps {
  label: string
  isOff: boolean
  onClick: () => void
  children: ReactNode
}

function StepButton({ label, isOff, onClick, children }: StepButtonProps) {
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="md"
      aria-label={label}
      title={label}
      disabled={isOff}
      onClick={onClick}
    >
      {children}
    </ActionIcon>
  )
}

function countText({ query, found, number }: Search): string {
  if (query === '' || found.query === '') return ''
  return number === null ? 'No match' : `${number + 1} of ${found.count}`
}
