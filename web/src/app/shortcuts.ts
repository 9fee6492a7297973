import { useNavigate } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import type { Destination } from './navigation'

const sequenceMs = 1_500

/** What was pressed so far of a sequence such as `g d`. */
export interface Pressed {
  prefix: boolean
  atMs: number
}

export type Shortcut = { kind: 'go'; to: Destination['to'] } | { kind: 'help' } | null

export const nothingPressed: Pressed = { prefix: false, atMs: 0 }

/** What a key means after what was pressed before it. */
export function press(
  pressed: Pressed,
  key: string,
  nowMs: number,
  destinations: readonly Destination[],
): { pressed: Pressed; shortcut: Shortcut } {
  if (key === '?') return { pressed: nothingPressed, shortcut: { kind: 'help' } }
  const inSequence = pressed.prefix && nowMs - pressed.atMs <= sequenceMs
  if (inSequence) {
    const destination = destinations.find((each) => each.key === key)
    return { pressed: nothingPressed, shortcut: destination ? { kind: 'go', to: destination.to } : null }
  }
  return { pressed: key === 'g' ? { prefix: true, atMs: nowMs } : nothingPressed, shortcut: null }
}

/** Listens for shortcuts wherever nothing is being typed and no dialog is open. */
export function useShortcuts(shown: readonly Destination[], openHelp: () => void) {
  const navigate = useNavigate()
  // What is shown changes with every answer, the listener need not.
  const latest = useRef(shown)
  latest.current = shown
  useEffect(() => {
    let pressed = nothingPressed
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || isDialogOpen()) return
      const outcome = press(pressed, event.key, event.timeStamp, latest.current)
      pressed = outcome.pressed
      if (outcome.shortcut?.kind === 'help') openHelp()
      if (outcome.shortcut?.kind === 'go') void navigate({ to: outcome.shortcut.to })
    }
    document.addEventListener('keydown', onKeyDown)
    return () => document.removeEventListener('keydown', onKeyDown)
  }, [navigate, openHelp])
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable="true"]')
}

function isDialogOpen(): boolean {
  return document.querySelector('[role="dialog"]') !== null
}
