import { expect, test } from 'vitest'
import { nothingPressed, press } from './shortcuts'

const after = (...keys: [string, number][]) =>
  keys.reduce((last, [key, atMs]) => press(last.pressed, key, atMs), press(nothingPressed, 'x', 0))

test('g and then d goes to the devices', () => {
  expect(after(['g', 100], ['d', 400]).shortcut).toEqual({ kind: 'go', to: '/devices' })
})

test('d alone, or long after g, goes nowhere', () => {
  expect(after(['d', 100]).shortcut).toBeNull()
  expect(after(['g', 100], ['d', 5_000]).shortcut).toBeNull()
})

test('a wrong second key ends the sequence', () => {
  expect(after(['g', 100], ['x', 200], ['d', 300]).shortcut).toBeNull()
})

test('? opens the help, also after g', () => {
  expect(after(['?', 100]).shortcut).toEqual({ kind: 'help' })
  expect(after(['g', 100], ['?', 200]).shortcut).toEqual({ kind: 'help' })
})
