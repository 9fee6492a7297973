import { expect, test } from 'vitest'
import { verbGroups, verbWords } from './verbs'

test('verbs are grouped by what they are about, in a fixed order', () => {
  const groups = verbGroups(['runs.exec', 'devices.read', 'runs.read'])
  expect(groups.map(({ noun, verbs }) => [noun, ...verbs.map(({ verb }) => verb)])).toEqual([
    ['devices', 'devices.read'],
    ['runs', 'runs.read', 'runs.exec'],
  ])
})

test('a verb that a newer server knows is shown as it is', () => {
  expect(verbWords('inbox.read')).toBe('do “inbox.read”')
  expect(verbGroups(['inbox.read', 'devices.read']).at(-1)).toEqual({
    noun: 'inbox',
    title: 'inbox',
    verbs: [{ verb: 'inbox.read', words: 'do “inbox.read”' }],
  })
})
