import { Kbd, TextInput } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react'
import { matchingCommands, useCurrentCommands } from '../lib/commands'
import { Dialog } from '../ui/dialog'
import classes from './command-palette.module.css'
import type { Destination } from './navigation'

interface CommandPaletteProps {
  shown: readonly Destination[]
  onHelp: () => void
  onClose: () => void
}

interface Entry {
  id: string
  label: string
  keys: readonly string[]
  run: () => void
}

/** Everything that can be done here, each with its keys, so that one learns them. */
export function CommandPalette({ shown, onHelp, onClose }: CommandPaletteProps) {
  const [typed, setTyped] = useState('')
  const [place, setPlace] = useState(0)
  const found = matchingCommands(useEntries(shown, onHelp), typed)
  const current = Math.min(place, found.length - 1)
  const id = useId()
  const list = useRef<HTMLDivElement>(null)

  // biome-ignore lint/correctness/useExhaustiveDependencies: another one is current
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' })
  }, [current])

  const run = (entry: Entry | undefined) => {
    if (!entry) return
    onClose()
    entry.run()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (by !== 0 && found.length > 0) {
      event.preventDefault()
      setPlace((current + by + found.length) % found.length)
    }
    if (event.key === 'Enter') {
      event.preventDefault()
      run(found[current])
    }
  }
  return (
    <Dialog onClose={onClose} title="Commands" returnFocus={false}>
      <TextInput
        role="combobox"
        aria-label="Search the commands"
        aria-expanded
        aria-controls={id}
        aria-activedescendant={found[current] && `${id}-${current}`}
        aria-autocomplete="list"
        placeholder="What do you want to do?"
        autoComplete="off"
        data-autofocus
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value)
          setPlace(0)
        }}
        onKeyDown={onKeyDown}
      />
      <div id={id} role="listbox" aria-label="Commands" className={classes.list} ref={list}>
        {found.map((entry, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above takes the keys
          <div
            key={entry.id}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === current}
            className={classes.entry}
            onClick={() => run(entry)}
          >
            <span className={classes.label}>{entry.label}</span>
            <span className={classes.keys}>
              {entry.keys.map((key) => (
                <Kbd key={key}>{key}</Kbd>
              ))}
            </span>
          </div>
        ))}
      </div>
      {found.length === 0 && (
        <p role="status" className={classes.nothing}>
          There is no such command here.
        </p>
      )}
    </Dialog>
  )
}

function useEntries(shown: readonly Destination[], onHelp: () => void): Entry[] {
  const navigate = useNavigate()
  const commands = useCurrentCommands()
  return [
    ...commands.map(({ id, label, key, run }) => ({ id, label, keys: key ? [key] : [], run })),
    ...shown.map(({ to, label, key }) => ({
      id: to,
      label: `Go to ${label}`,
      keys: ['g', key],
      run: () => void navigate({ to }),
    })),
    { id: 'help', label: 'Show the keyboard shortcuts', keys: ['?'], run: onHelp },
  ]
}
