import { expect, test } from 'vitest'
import { parseRunSearch } from './run-search'

test('an execution and a group are read from the address', () => {
  const search = { execution: 'exe_1', group: 'failed:ab12:exit_code' }
  expect(parseRunSearch(search)).toEqual(search)
  expect(parseRunSearch({ group: 'running::' })).toEqual({ group: 'running::' })
})

test('a state is read from the address, and nothing that is none', () => {
  expect(parseRunSearch({ state: 'timed_out' })).toEqual({ state: 'timed_out' })
  expect(parseRunSearch({ state: 'done' })).toEqual({})
})

test('what cannot be a group is left out', () => {
  for (const group of ['', 'failed', 'failed:', 'done:ab12:', 7, null]) {
    expect(parseRunSearch({ group }), String(group)).toEqual({})
  }
})
