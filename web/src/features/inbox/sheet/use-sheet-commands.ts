import type { RefObject } from 'react'
import type { Choice, Item } from '../../../lib/api/types'
import { type Command, useCommands } from '../../../lib/commands'

interface SheetActions {
  mayComment: boolean
  choose: (choice: Choice) => void
  comment: RefObject<HTMLTextAreaElement | null>
}

export function useSheetCommands(item: Item, actions: SheetActions) {
  useCommands(sheetCommands(item, actions))
}

/** The keys of a decision: a number for each way to resolve it, in the order of the buttons. */
export function sheetCommands(item: Item, { mayComment, choose, comment }: SheetActions): Command[] {
  const choices = item.is_open && !item.sheet?.why_not ? (item.sheet?.choices ?? []) : []
  const decisions = choices.map((choice, place) => ({
    id: `choose-${choice.name}`,
    label: choice.label,
    ...(place < 9 && { key: String(place + 1) }),
    run: () => choose(choice),
  }))
  if (!mayComment) return decisions
  return [
    ...decisions,
    { id: 'comment', label: 'Write a comment', key: 'c', run: () => comment.current?.focus() },
  ]
}
