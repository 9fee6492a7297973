import { expect, test } from 'vitest'
import { matchesSearch, targetWords, writtenTargets } from './target-words'

const spec = { name: 'x', task: 'y', targets: { devices: ['web-1'], groups: ['production'] } }

test('targets are told as a number where devices keep the schedule, else as they were written', () => {
  expect(targetWords({ device_count: 3, spec, state: 'active' })).toBe('3 devices')
  expect(targetWords({ device_count: 0, spec, state: 'paused' })).toBe('the devices of production and web-1')
  expect(targetWords({ device_count: 0, spec: { ...spec, where: 'server' }, state: 'active' })).toBe(
    'the devices of production and web-1',
  )
  expect(writtenTargets({ selector: 'role=web' })).toBe('the devices with role=web')
})

test('a search finds by name, words and task, in any order', () => {
  const task = { id: 'tsk_1', name: 'backup', version: 1 }
  const schedule = { name: 'nightly', words: 'at 02:30, in Europe/Berlin.', task, spec }
  expect(matchesSearch(schedule, 'berlin night')).toBe(true)
  expect(matchesSearch(schedule, 'BACKUP')).toBe(true)
  expect(matchesSearch(schedule, 'weekly')).toBe(false)
})
