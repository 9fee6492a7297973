import { expect, test } from 'vitest'
import { rotationOf } from './rotation'

test('a key that is made is not sent, whatever was typed before', () => {
  expect(rotationOf({ source: 'new', typed: 'whsec_abc', overlap: '24h' })).toEqual({ overlap: '24h' })
})

test('the key of an application is sent as it was pasted, without the spaces around it', () => {
  expect(rotationOf({ source: 'own', typed: ' whsec_abc\n', overlap: '0s' })).toEqual({
    overlap: '0s',
    secret: 'whsec_abc',
  })
})

test('without the key of the application nothing is sent', () => {
  expect(rotationOf({ source: 'own', typed: ' ', overlap: '24h' })).toBeNull()
})
