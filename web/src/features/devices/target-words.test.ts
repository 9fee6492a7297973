import { expect, test } from 'vitest'
import { isAnyNamed, previewSentence, refusedNames, targetFieldOf, toTargets } from './target-words'

test('how many devices it is for is said with how many of them are away', () => {
  expect(previewSentence({ count: 12, online: 9 })).toBe('12 devices, 3 offline')
  expect(previewSentence({ count: 12, online: 12 })).toBe('12 devices')
  expect(previewSentence({ count: 2, online: 0 })).toBe('2 devices, all offline')
  expect(previewSentence({ count: 1, online: 0 })).toBe('1 device, 1 offline')
  expect(previewSentence({ count: 3, online: 2 }, { devices: ['dev_1'] })).toBe(
    '3 devices altogether, 1 offline',
  )
  expect(previewSentence({ count: 10_001, online: 0 })).toBe('More than 10,000 devices')
})

test('what was left empty is not sent', () => {
  expect(toTargets({ devices: [], groups: [], selector: '  ' })).toEqual({})
  expect(toTargets({ devices: ['dev_1'], groups: ['dgr_1'], selector: ' role=web ' })).toEqual({
    devices: ['dev_1'],
    groups: ['dgr_1'],
    selector: 'role=web',
  })
  expect([
    isAnyNamed({ selector: ' ' }),
    isAnyNamed({ selector: 'a' }),
    isAnyNamed({ groups: ['dgr_1'] }),
  ]).toEqual([false, true, true])
})

test('problems of targets are shown where they can be put right', () => {
  expect(targetFieldOf('/targets/selector')).toBe('selector')
  expect(targetFieldOf('/targets/groups/0')).toBe('groups')
  expect(targetFieldOf('/targets/devices/3')).toBe('devices')
  expect(targetFieldOf('/targets')).toBe('devices')
  expect(targetFieldOf('/task')).toBeNull()
})

test('one of those that are refused stands for the others', () => {
  const refused = [{ name: 'web-1', why: '…' }]
  expect(refusedNames({ refused, refused_count: 1 })).toBe('web-1')
  expect(refusedNames({ refused, refused_count: 3 })).toBe('web-1 and 2 others')
  expect(refusedNames({ refused: [], refused_count: 0 })).toBe('')
})
