import { useNavigate } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { type Command, commandOf, currentCommands } from '../lib/commands'
import type { Destination } from './navigation'

const sequenceMs = 1_500

/** What was pressed so far of a sequence such as `g d`. */
export interface Pressed {
  prefix: boolean
  atMs: number
}

export type Shortcut =
  | { kind: 'go'; to: Destination['to'] }
  | { kind: 'help' }
  | { kind: 'run'; command: Command }
  | null

export const nothingPressed: Pressed = { prefix: false, atMs: 0 }

/** What a key means after what was pressed before it. */
export function press(
  pressed: Pressed,
  key: string,
  nowMs: number,
  destinations: readonly Destination[],
  commands: readonly Command[] = [],
): { pressed: Pressed; shortcut: Shortcut } {
  if (key === '?') return { pressed: nothingPressed, shortcut: { kind: 'help' } }
  const inSequence = pressed.prefix && nowMs - pressed.atMs <= sequenceMs
  if (inSequence) {
    const destination = destinations.find((each) => each.key === key)
    return { pressed: nothingPressed, shortcut: destination ? { kind: 'go', to: destination.to } : null }
  }
  if (key === 'g') return { pressed: { prefix: true, atMs: nowMs }, shortcut: null }
  const command = commandOf(commands, key)
  return { pressed: nothingPressed, shortcut: command ? { kind: 'run', command } : null }
}

/** Whether a key opens the list of commands, wherever one is typing. */
export function opensPalette({
  key,
  ctrlKey,
  metaKey,
  altKey,
  shiftKey,
}: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>): boolean {
  return key.toLowerCase() === 'k' && ctrlKey !== metaKey && !altKey && !shiftKey
}

interface Openers {
  openHelp: () => void
  openPalette: () => void
}

/** Listens for shortcuts wherever nothing is being typed and no dialog is open. */
export function useShortcuts(shown: readonly Destination[], { openHelp, openPalette }: Openers) {
  const navigate = useNavigate()
  // What is shown changes with every answer, the listener need not.
  const latest = useRef(shown)
  latest.current = shown
  useEffect(() => {
    let pressed = nothingPressed
    const onKeyDown = (event: KeyboardEvent) => {
      if (isDialogOpen()) return
      if (opensPalette(event)) {
        event.preventDefault()
        return openPalette()
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      const { pressed: next, shortcut } = press(
        pressed,
        event.key,
        event.timeStamp,
        latest.current,
        event.repeat ? [] : currentCommands(),
      )
      pressed = next
      if (shortcut?.kind === 'help') openHelp()
      if (shortcut?.kind === 'go') void navigate({ to: shortcut.to })
      if (shortcut?.kind === 'run') {
        // The key is not to be typed into what the command opens.
        event.preventDefault()
        shortcut.command.run()
      }
    }
    document.addEventListener('keydown', onKeyDown)
    return () => document.removeEventListener('keydown', onKeyDown)
  }, [navigate, openHelp, openPalette])
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable="true"]')
}

function isDialogOpen(): boolean {
  return document.querySelector('[role="dialog"], [role="menu"]') !== null
}
