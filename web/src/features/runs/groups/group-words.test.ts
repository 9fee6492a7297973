import { expect, test } from 'vitest'
import type { ActionResult, Execution, ExecutionGroup } from '../../../lib/api/types'
import { codesLabel, eachOnce, groupLine, onlyGroupText, referenceOf, tellingLine } from './group-words'

const result = (more: Partial<ActionResult> = {}): ActionResult => ({
  type: 'SCRIPT',
  state: 'succeeded',
  code: 0,
  output: '',
  error: '',
  truncated: { output: false, error: false },
  ...more,
})
const group = (more: Partial<ExecutionGroup> = {}, sample: Partial<Execution> = {}): ExecutionGroup => ({
  key: 'succeeded:ab12:',
  count: 12,
  compared: true,
  ...more,
  sample: {
    id: 'exe_1',
    run: 'run_1',
    device: { id: 'dev_1', name: 'web-1' },
    state: 'succeeded',
    created_at: '2026-01-01T00:00:00Z',
    actions: [],
    ...sample,
  },
})

test('the line is the first that says something, of any action and stream', () => {
  expect(tellingLine([result({ output: '\n  \n  hello \nworld\n' })])).toBe('hello')
  expect(tellingLine([result({ output: ' \n', error: 'trouble\n' }), result({ output: 'later\n' })])).toBe(
    'trouble',
  )
  expect(tellingLine([result({ output: '\n' })])).toBeNull()
})

test('the line is harmless and short', () => {
  expect(tellingLine([result({ output: '\u001b[2J\u001b[31m\nred\u001b[0m\n' })])).toBe('red')
  expect(tellingLine([result({ output: '\n'.repeat(1_000_000) + 'x'.repeat(1_000_000) })])).toHaveLength(200)
})

test('the line is rather one that the largest group does not have', () => {
  const others = [result({ output: 'begun\nall is well\n' })]
  expect(tellingLine([result({ output: 'begun\nno space\n' })], others)).toBe('no space')
  expect(tellingLine([result({ output: 'begun\n', error: 'trouble\n' })], others)).toBe('trouble')
  expect(tellingLine([result({ output: 'all is well\n' })], others)).toBe('all is well')
  const largest = group({ key: 'a' }, { actions: others })
  const reference = { group: largest, name: 'largest group' }
  expect(groupLine(largest, reference).text).toBe('begun')
  expect(
    groupLine(group({ key: 'b' }, { actions: [result({ output: 'begun\nodd\n' })] }), reference).text,
  ).toBe('odd')
})

test('where nothing was printed, the reason tells the group from others', () => {
  const reason = { code: 'offline', detail: 'the device was offline' }
  expect(groupLine(group({}, { reason, actions: [result()] }), null).text).toBe('The device was offline.')
  expect(groupLine(group({}, { reason, actions: [result({ output: 'hello' })] }), null)).toEqual({
    kind: 'output',
    text: 'hello',
  })
})

test('where there is no reason either, it is said why there is nothing', () => {
  const words = (more: Partial<ExecutionGroup>, sample: Partial<Execution>) =>
    groupLine(group(more, sample), null).text
  expect(words({}, { actions: [result()] })).toBe('It printed nothing.')
  expect(words({}, { actions: [result({ output: '\n' })] })).toBe('It printed no words.')
  expect(words({ compared: false }, { state: 'running' })).toBe('Not over yet.')
  expect(words({ compared: false }, { state: 'lost' })).toBe('Not compared.')
  const cut = result({ truncated: { output: true, error: false } })
  expect(words({}, { actions: [cut] })).toBe('It printed more than fits here.')
})

test('codes are told in their order, repeated ones once', () => {
  expect(codesLabel([result()])).toBe('exit code 0')
  expect(codesLabel([result(), result(), result({ code: 3 })])).toBe('2 × exit code 0 and exit code 3')
  expect(codesLabel([result({ code: null })])).toBeNull()
})

test('the others are compared with the largest group that was compared, if there are others', () => {
  const waiting = group({ key: 'running::', compared: false })
  const [one, other] = [group({ key: 'a' }), group({ key: 'b' })]
  expect(referenceOf([one, other, waiting])).toEqual({ group: one, name: 'largest group' })
  expect(referenceOf([waiting, one, other])).toEqual({ group: one, name: 'largest group that was compared' })
  expect(referenceOf([one, waiting])).toBeNull()
})

test('a single group is told in a sentence', () => {
  expect(onlyGroupText(group())).toBe('All 12 devices ended alike.')
  expect(onlyGroupText(group({ compared: false }, { state: 'running' }))).toBe(
    'All 12 devices have the same state, running, and nothing to compare yet.',
  )
})

test('a group that two pages have is there once, as the later one tells', () => {
  expect(eachOnce([group({ count: 3 }), group({ count: 4 })])).toEqual([group({ count: 4 })])
})
