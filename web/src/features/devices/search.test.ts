import { expect, test } from 'vitest'
import { matchesSearch } from './search'

const device = { name: 'web-1', labels: { role: 'web', site: 'Berlin' }, groups: ['eu'] }

test('a device is found by parts of its name, labels and groups, in any case', () => {
  for (const text of ['', 'WEB', 'role=web', 'berlin', 'web berlin eu'])
    expect(matchesSearch(device, text), text).toBe(true)
})

test('every word has to match', () => {
  expect(matchesSearch(device, 'web paris')).toBe(false)
})
