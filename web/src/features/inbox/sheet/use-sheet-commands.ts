import type { RefObject } from 'react'
import type { Choice, Item } from '../../../lib/api/types'
import { useCommands } from '../../../lib/commands'

interface SheetActions {
  choose: (choice: Choice) => void
  comment: RefObject<HTMLTextAreaElement | null>
}

/** The keys of a decision: a number for each way to resolve it, in the order of the buttons. */
export function useSheetCommands(item: Item, { choose, comment }: SheetActions) {
  const choices = item.is_open && !item.sheet?.why_not ? (item.sheet?.choices ?? []) : []
  useCommands([
    ...choices.map((choice, place) => ({
      id: `choose-${choice.name}`,
      label: choice.label,
      ...(place < 9 && { key: String(place + 1) }),
      run: () => choose(choice),
    })),
    { id: 'comment', label: 'Write a comment', key: 'c', run: () => comment.current?.focus() },
  ])
}
