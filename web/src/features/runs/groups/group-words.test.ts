import { expect, test } from 'vitest'
import type { ActionResult, Execution, ExecutionGroup } from '../../../lib/api/types'
import { codesLabel, eachOnce, firstLine, groupLine, onlyGroupText, referenceOf } from './group-words'

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

test('the first line is the first that says something, of any action and stream', () => {
  expect(firstLine([result({ output: '\n  \n  hello \nworld\n' })])).toBe('hello')
  expect(firstLine([result({ output: ' \n', error: 'trouble\n' }), result({ output: 'later\n' })])).toBe(
    'trouble',
  )
  expect(firstLine([result({ output: '\n' })])).toBeNull()
})

test('the first line is harmless and short', () => {
  expect(firstLine([result({ output: '\u001b[2J\u001b[31m\nred\u001b[0m\n' })])).toBe('red')
  expect(firstLine([result({ output: '\n'.repeat(1_000_000) + 'x'.repeat(1_000_000) })])).toHaveLength(200)
})

test('where nothing was printed, the reason tells the group from others', () => {
  const reason = { code: 'offline', detail: 'the device was offline' }
  expect(groupLine(group({}, { reason, actions: [result()] })).text).toBe('The device was offline.')
  expect(groupLine(group({}, { reason, actions: [result({ output: 'hello' })] }))).toEqual({
    kind: 'output',
    text: 'hello',
  })
})

test('where there is no reason either, it is said why there is nothing', () => {
  expect(groupLine(group({}, { actions: [result()] })).text).toBe('It printed nothing.')
  expect(groupLine(group({}, { actions: [result({ output: '\n' })] })).text).toBe('It printed no words.')
  expect(groupLine(group({ compared: false }, { state: 'running' })).text).toBe('Not over yet.')
  expect(groupLine(group({ compared: false }, { state: 'lost' })).text).toBe('Not compared.')
  const cut = result({ truncated: { output: true, error: false } })
  expect(groupLine(group({}, { actions: [cut] })).text).toBe('It printed more than fits here.')
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
