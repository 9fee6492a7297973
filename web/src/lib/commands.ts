import { useEffect, useRef, useSyncExternalStore } from 'react'

/** What can be done on the page that is shown: with its key, or from the list of commands. */
export interface Command {
  /** Tells it apart from the others of its page. */
  id: string
  /** What happens: `Claim it`. */
  label: string
  /** A single key; missing where it is only in the list. */
  key?: string
  run: () => void
}

type Commands = readonly Command[]

let registered: Commands[] = []
let all: Commands = []
const listeners = new Set<() => void>()

/** Offers commands for as long as the calling component is shown. */
export function useCommands(commands: Commands) {
  // They are made anew with every render, but are others only where they read otherwise.
  const latest = useRef(commands)
  latest.current = commands
  const shape = JSON.stringify(commands.map(({ id, label, key }) => [id, label, key]))
  useEffect(() => {
    const offered = (JSON.parse(shape) as [string, string, string | undefined][]).map(([id, label, key]) => ({
      id,
      label,
      ...(key && { key }),
      run: () => latest.current.find((each) => each.id === id)?.run(),
    }))
    return register(offered)
  }, [shape])
}

/** What can be done now. */
export function currentCommands(): Commands {
  return all
}

/** The same, for what shows them. */
export function useCurrentCommands(): Commands {
  return useSyncExternalStore(subscribe, currentCommands)
}

/** The command of a key; capital letters are the same key. */
export function commandOf(commands: Commands, key: string): Command | undefined {
  return commands.find((each) => each.key !== undefined && each.key === key.toLowerCase())
}

/** The commands in which every word that was typed is found. */
export function matchingCommands<Item extends { label: string }>(
  items: readonly Item[],
  typed: string,
): Item[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean)
  return items.filter(({ label }) => words.every((word) => label.toLowerCase().includes(word)))
}

function register(offered: Commands): () => void {
  change([...registered, offered])
  return () => change(registered.filter((each) => each !== offered))
}

function change(next: Commands[]) {
  registered = next
  all = next.flat()
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
