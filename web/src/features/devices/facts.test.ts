import { expect, test } from 'vitest'
import { bytesLabel, readableFacts } from './facts'

test('known facts come first and in words, unknown ones as they are', () => {
  expect(readableFacts({ zone: 'b', memory_bytes: '17179869184', os: 'linux' })).toEqual([
    { name: 'Operating system', value: 'linux' },
    { name: 'Memory', value: '16 GiB' },
    { name: 'zone', value: 'b' },
  ])
})

test('a size that is not a number stays as it is', () => {
  expect(readableFacts({ memory_bytes: 'lots' })).toEqual([{ name: 'Memory', value: 'lots' }])
})

test('bytes are told in the unit that fits', () => {
  expect(bytesLabel(512)).toBe('512 B')
  expect(bytesLabel(1_610_612_736)).toBe('1.5 GiB')
})
