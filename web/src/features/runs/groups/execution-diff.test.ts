import { expect, test } from 'vitest'
import type { ActionResult, Execution } from '../../../lib/api/types'
import { bounded, comparedMax, executionDiff } from './execution-diff'

const printed = (output: string, more: Partial<ActionResult> = {}): ActionResult => ({
  type: 'SCRIPT',
  state: 'succeeded',
  code: 0,
  output,
  error: '',
  truncated: { output: false, error: false },
  ...more,
})
const ended = (...actions: ActionResult[]): Execution => ({
  id: 'exe_1',
  run: 'run_1',
  device: { id: 'dev_1', name: 'web-1' },
  state: actions.some(({ state }) => state === 'failed') ? 'failed' : 'succeeded',
  created_at: '2026-01-01T00:00:00Z',
  actions,
})
const shown = (before: Execution, after: Execution) =>
  executionDiff(before, after).map(({ title, lines, isCut }) => ({
    title,
    lines: lines.map((line) => (line.mark === '…' ? `…${line.count}` : line.mark + line.text)),
    isCut,
  }))
const numbered = (length: number) => Array.from({ length }, (_, index) => `${index}\n`).join('')

test('only the streams that differ are compared', () => {
  const before = ended(printed('same\n'), printed('a\nb\n', { error: 'odd\n' }))
  const after = ended(printed('same\n'), printed('a\nc\n', { error: 'odd\n' }))
  expect(shown(before, after)).toEqual([
    { title: '2. Script, stdout', lines: [' a', '-b', '+c'], isCut: false },
  ])
})

test('another end is a difference, also where the output is the same', () => {
  const failed = printed('same\n', {
    state: 'failed',
    code: 3,
    reason: { code: 'exit_code', detail: 'it ended with 3' },
  })
  expect(shown(ended(printed('same\n')), ended(failed))).toEqual([
    {
      title: 'How it ended',
      lines: [
        '-succeeded',
        '-1. Script: succeeded, exit code 0',
        '+failed',
        '+1. Script: failed, exit code 3. It ended with 3.',
      ],
      isCut: false,
    },
  ])
})

test('an action that only one has is compared with nothing', () => {
  const diffs = shown(ended(printed('a\n')), ended(printed('a\n'), printed('b\n')))
  expect(diffs.at(-1)).toEqual({ title: '2. Script, stdout', lines: ['+b'], isCut: false })
})

test('what cannot be seen is no line that differs, but still a difference', () => {
  const coloured = ended(printed('\u001b[31mred\u001b[0m\n'))
  expect(shown(ended(printed('red\n')), coloured)).toEqual([
    { title: '1. Script, stdout', lines: [], isCut: false },
  ])
})

test('no control character and no endless row comes through', () => {
  const { lines } = bounded(`\u001b]0;title\u0007${'x'.repeat(5_000)}\u0000\n`, comparedMax)
  expect(lines.map((line) => line.length)).toEqual([2_000, 2_000, 1_001])
  expect(lines.join('')).not.toMatch(/[\u0000-\u001f]/)
})

test('a long text is compared up to a number of lines', () => {
  const long = numbered(comparedMax.lineCount + 1)
  const [same] = shown(ended(printed(long)), ended(printed(`${long}more\n`)))
  expect(same).toEqual({ title: '1. Script, stdout', lines: [], isCut: true })
  const [early] = shown(ended(printed(`old\n${long}`)), ended(printed(`new\n${long}`)))
  expect(early?.lines.slice(0, 2)).toEqual(['-old', '+new'])
  expect(early?.isCut).toBe(true)
})

test('a long text is compared up to a length', () => {
  const { lines, isCut } = bounded('x\n'.repeat(3).padEnd(500_000, 'y'), comparedMax)
  expect(lines.join('\n').length).toBeLessThan(comparedMax.length + 200)
  expect(isCut).toBe(true)
})

test('lines that a cut has moved out of the other text do not count as a difference', () => {
  const long = numbered(comparedMax.lineCount)
  const [diff] = shown(ended(printed(long)), ended(printed(`first\n${long}`)))
  expect(diff?.lines.filter((line) => !line.startsWith(' '))).toEqual(['+first', '…1996'])
})

test('all streams together have no more room than one', () => {
  const long = numbered(comparedMax.lineCount)
  const before = ended(printed(long), printed('a\n'))
  const after = ended(printed(`${long}x\n`), printed('b\n'))
  expect(shown(before, after).at(-1)).toEqual({ title: '2. Script, stdout', lines: [], isCut: true })
})
