import { expect, test } from 'vitest'
import { searchKey } from './search-keys'

const unheld = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false }
const inLines = (key: string, held = {}) => searchKey({ key, ...unheld, ...held }, false)
const inField = (key: string, held = {}) => searchKey({ key, ...unheld, ...held }, true)

test('a slash and the keys of the browser open the search', () => {
  expect(inLines('/')).toBe('open')
  expect(inLines('/', { shiftKey: true })).toBe('open')
  expect(inLines('f', { ctrlKey: true })).toBe('open')
  expect(inLines('f', { metaKey: true })).toBe('open')
  expect(inField('F', { ctrlKey: true })).toBe('open')
})

test('a slash can be searched for', () => {
  expect(inField('/')).toBeNull()
})

test('Enter and F3 go on, with Shift back', () => {
  expect(inField('Enter')).toBe('next')
  expect(inField('Enter', { shiftKey: true })).toBe('previous')
  expect(inLines('F3')).toBe('next')
  expect(inLines('F3', { shiftKey: true })).toBe('previous')
})

test('Enter elsewhere and letters with other keys stay what they are', () => {
  expect(inLines('Enter')).toBeNull()
  expect(inLines('f')).toBeNull()
  expect(inLines('c', { ctrlKey: true })).toBeNull()
  expect(inLines('/', { altKey: true })).toBeNull()
  expect(inLines('f', { ctrlKey: true, shiftKey: true })).toBeNull()
})

test('Esc closes', () => {
  expect(inField('Escape')).toBe('close')
})
