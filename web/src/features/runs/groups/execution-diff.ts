import type { ActionResult, Execution } from '../../../lib/api/types'
import { type DiffGap, type DiffLine, foldedDiff, lineDiff } from '../../../lib/line-diff'
import { actionTypeWord } from '../../tasks/action-words'
import { codeLabel } from '../action-results'
import { OutputLines } from '../output/lines'
import { isToldByAction, reasonText } from '../reason'
import { stateWord } from '../state'

/** Of all the texts that differ so much is compared, on each side; lengths are in characters. */
export const comparedMax = { lineCount: 2_000, length: 200_000 }

/** A text of two executions in which they differ. */
export interface TextDiff {
  title: string
  /** Empty where no difference can be seen in what was compared. */
  lines: (DiffLine | DiffGap)[]
  /** Whether only its beginning was compared, or nothing of it. */
  isCut: boolean
}

/** In what two executions of a run differ: how they ended, and stdout and stderr of each action. */
export function executionDiff(before: Execution, after: Execution): TextDiff[] {
  const diffs: TextDiff[] = []
  const ends = diffOf(endLines(before), endLines(after))
  if (ends.lines.length > 0) diffs.push({ title: 'How it ended', ...ends })
  let room = comparedMax
  for (const { title, before: old, after: now } of streamPairs(before, after)) {
    if (old === now) continue
    const sides = [bounded(old, room), bounded(now, room)] as const
    diffs.push({ title, ...diffOf(...sides) })
    room = {
      lineCount: room.lineCount - Math.max(...sides.map(({ lines }) => lines.length)),
      length: room.length - Math.max(...sides.map(({ length }) => length)),
    }
  }
  return diffs
}

interface Bounded {
  lines: string[]
  length: number
  isCut: boolean
}

/** The beginning of a text as the output shows it: harmless, and in rows that are not too long. */
export function bounded(text: string, room: typeof comparedMax): Bounded {
  const begun = text.slice(0, room.length)
  const output = new OutputLines()
  output.append(0, 'output', new TextEncoder().encode(begun))
  const lines = output.rows.slice(0, room.lineCount).map((row) => row.text)
  const isCut = begun.length < text.length || lines.length < output.rows.length
  return { lines, length: begun.length, isCut }
}

function diffOf(before: Bounded, after: Bounded): Pick<TextDiff, 'lines' | 'isCut'> {
  const whole = lineDiff(before.lines, after.lines)
  const diff = withoutLooseEnd(whole, { '+': before.isCut, '-': after.isCut, ' ': false })
  const isSeen = diff.some(({ mark }) => mark !== ' ')
  return { lines: isSeen ? foldedDiff(diff) : [], isCut: before.isCut || after.isCut }
}

/** Lines at the end that only one side has may stand in what was cut off of the other. */
function withoutLooseEnd(diff: DiffLine[], isLoose: Record<DiffLine['mark'], boolean>): DiffLine[] {
  const endStart = diff.findLastIndex(({ mark }) => mark === ' ') + 1
  const [mark, ...others] = new Set(diff.slice(endStart).map((line) => line.mark))
  return mark && others.length === 0 && isLoose[mark] ? diff.slice(0, endStart) : diff
}

function endLines(execution: Execution): Bounded {
  const { state, reason, actions } = execution
  const lines = [
    sentence(stateWord(state), reason && !isToldByAction(execution) && reasonText(reason)),
    ...actions.map((action, index) => `${actionTitle(index, action)}: ${resultText(action)}`),
  ]
  return { lines, length: 0, isCut: false }
}

function resultText(action: ActionResult): string {
  const code = codeLabel(action)
  const words = code ? `${stateWord(action.state)}, ${code}` : stateWord(action.state)
  return sentence(words, action.reason && reasonText(action.reason))
}

function sentence(words: string, reason: string | false | null | undefined): string {
  return reason ? `${words}. ${reason}` : words
}

function streamPairs(before: Execution, after: Execution) {
  const longer = after.actions.length < before.actions.length ? before.actions : after.actions
  return longer.flatMap((action, index) => {
    const title = actionTitle(index, action)
    const [old, now] = [before.actions[index], after.actions[index]]
    return [
      { title: `${title}, stdout`, before: old?.output ?? '', after: now?.output ?? '' },
      { title: `${title}, stderr`, before: old?.error ?? '', after: now?.error ?? '' },
    ]
  })
}

function actionTitle(index: number, { type }: ActionResult): string {
  return `${index + 1}. ${actionTypeWord(type)}`
}
