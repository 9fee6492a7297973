import { expect, test } from 'vitest'
import { scopeGroups, toggleScope } from './scopes'

const can = ['me.read', 'devices.read', 'devices.write', 'runs.read']
const [devices] = scopeGroups(can)

test('a key is offered what its owner may, by kind', () => {
  expect(scopeGroups(can).map(({ noun, verbs }) => [noun, verbs.length])).toEqual([
    ['devices', 2],
    ['runs', 1],
  ])
})

test('everything of a kind takes the place of its single verbs', () => {
  if (!devices) throw new Error('there are no devices')
  expect(toggleScope(['runs.read'], devices, 'devices.read')).toEqual(['runs.read', 'devices.read'])
  expect(toggleScope(['runs.read', 'devices.read'], devices, 'devices.*')).toEqual(['runs.read', 'devices.*'])
  expect(toggleScope(['devices.*'], devices, 'devices.*')).toEqual([])
})
