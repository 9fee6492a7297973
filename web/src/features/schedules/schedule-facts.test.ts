import { expect, test } from 'vitest'
import { blockedWords, specialWords } from './schedule-facts'

const spec = { name: 'x', task: 'y', every: '5m', targets: {} }

test('what is as usual is not told, but for what an overlap does', () => {
  expect(specialWords(spec)).toEqual([{ name: 'While one still runs', value: 'The new one is skipped' }])
})

test('what is special is told in words', () => {
  const told = specialWords({
    ...spec,
    where: 'server',
    missed: { all: { max: 3, age: '2d' } },
    overlap: { queue: 2 },
    when_offline: 'fail',
    windows: [{ days: ['sat', 'sun'], from: '22:00', until: '24:00' }],
    on_block: 'defer',
  })
  expect(told.map(({ value }) => value)).toEqual([
    'The newest 3 are caught up, if not older than 2d',
    'Up to 2 wait for their turn',
    'It counts as failed',
    'Sat, Sun 22:00 to 24:00. A slot outside waits for the next',
  ])
})

test('what becomes of a slot during an event is told', () => {
  expect(blockedWords({})).toBe('A slot during an event is skipped')
  expect(blockedWords({ on_block: 'defer' })).toBe('A slot during an event waits for its end')
})
