import type { ActionResult, ExecutionGroup } from '../../../lib/api/types'
import { count, someOf } from '../../../lib/words'
import { codeLabel } from '../action-results'
import { harmlessText } from '../output/harmless'
import { reasonText } from '../reason'
import { isOver, stateWord } from '../state'

/** Lines are looked for in so much of a stream, from its first character that is not white. */
const searchedLengthMax = 16_384
const lineLengthMax = 200
const codesShownMax = 3

export interface GroupLine {
  kind: 'output' | 'words'
  text: string
}

type Printed = readonly Pick<ActionResult, 'output' | 'error'>[]

/** What tells a group from the one that it is compared with: a line of its output, else why there is none. */
export function groupLine({ key, compared, sample }: ExecutionGroup, reference: Reference | null): GroupLine {
  const others = reference && reference.group.key !== key ? reference.group.sample.actions : []
  const line = tellingLine(sample.actions, others)
  if (line) return { kind: 'output', text: line }
  if (sample.reason) return { kind: 'words', text: reasonText(sample.reason) }
  if (!compared) return { kind: 'words', text: isOver(sample.state) ? 'Not compared.' : 'Not over yet.' }
  return { kind: 'words', text: silenceText(sample.actions) }
}

/** The first line with something in it, of any action and stream, that the others do not have; else the first at all. */
export function tellingLine(actions: Printed, others: Printed = []): string | null {
  const known = new Set(printedLines(others))
  let first: string | null = null
  for (const line of printedLines(actions)) {
    if (first !== null && known.has(line)) continue
    const shown = shownLine(line)
    if (shown === '') continue
    if (!known.has(line)) return shown
    first = shown
  }
  return first
}

function printedLines(actions: Printed): string[] {
  const texts = actions.flatMap(({ output, error }) => [output, error])
  return texts.flatMap((text) => {
    const start = Math.max(0, text.search(/\S/))
    const lines = text.slice(start, start + searchedLengthMax).split('\n')
    return lines.map((line) => line.trim()).filter((line) => line !== '')
  })
}

function shownLine(line: string): string {
  const pieces = harmlessText()(line.slice(0, 10 * lineLengthMax))
  const text = pieces.map((piece) => piece.text).join('')
  return Array.from(text.trim()).slice(0, lineLengthMax).join('')
}

function silenceText(actions: readonly ActionResult[]): string {
  if (actions.some(({ truncated }) => truncated.output || truncated.error))
    return 'It printed more than fits here.'
  return actions.every(({ output, error }) => output === '' && error === '')
    ? 'It printed nothing.'
    : 'It printed no words.'
}

/** `exit code 0`, `2 × exit code 0 and exit code 3`; null where nothing has a code. */
export function codesLabel(actions: readonly ActionResult[]): string | null {
  const runs: { label: string; times: number }[] = []
  for (const label of actions.map(codeLabel)) {
    const last = runs.at(-1)
    if (label === null) continue
    if (last?.label === label) last.times += 1
    else runs.push({ label, times: 1 })
  }
  if (runs.length === 0) return null
  return someOf(
    runs.map(({ label, times }) => (times === 1 ? label : `${times} × ${label}`)),
    codesShownMax,
  )
}

/** What is said in place of a list where all executions are in one group. */
export function onlyGroupText({ compared, count: deviceCount, sample }: ExecutionGroup): string {
  const devices = `All ${count(deviceCount, 'device')}`
  if (compared) return `${devices} ended alike.`
  const yet = isOver(sample.state) ? '' : ' yet'
  return `${devices} have the same state, ${stateWord(sample.state)}, and nothing to compare${yet}.`
}

export interface Reference {
  group: ExecutionGroup
  /** What it is called: `largest group`. */
  name: string
}

/** The group that the others are compared with; none where there is only one to compare. `groups`: the largest first. */
export function referenceOf(groups: readonly ExecutionGroup[]): Reference | null {
  const [first, second] = groups.filter(({ compared }) => compared)
  if (!first || !second) return null
  return { group: first, name: first === groups[0] ? 'largest group' : 'largest group that was compared' }
}

/** While a run goes on, a group can move from a page that was read to one that is read after it. */
export function eachOnce(groups: readonly ExecutionGroup[]): ExecutionGroup[] {
  return [...new Map(groups.map((group) => [group.key, group])).values()]
}
