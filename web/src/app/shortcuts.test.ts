import { expect, test } from 'vitest'
import { destinations, destinationsOf } from './navigation'
import { nothingPressed, opensPalette, press } from './shortcuts'

const after = (...keys: [string, number][]) =>
  keys.reduce(
    (last, [key, atMs]) => press(last.pressed, key, atMs, destinations),
    press(nothingPressed, 'x', 0, destinations),
  )

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

test('the keyboard leads nowhere that the menu does not', () => {
  const { pressed } = press(nothingPressed, 'g', 100, destinations)
  expect(press(pressed, 'u', 200, destinationsOf(['devices.read'])).shortcut).toBeNull()
})

test('g twice goes to the groups', () => {
  expect(after(['g', 100], ['g', 200]).shortcut).toEqual({ kind: 'go', to: '/groups' })
})

const claim = { id: 'claim', label: 'Claim it', key: 'c', run: () => undefined }

test('a key alone is a command of the page, and after g the way to a place', () => {
  expect(press(nothingPressed, 'c', 100, destinations, [claim]).shortcut).toEqual({
    kind: 'run',
    command: claim,
  })
  const { pressed } = press(nothingPressed, 'g', 100, destinations, [claim])
  expect(press(pressed, 'c', 200, destinations, [claim]).shortcut).toEqual({ kind: 'go', to: '/schedules' })
  expect(press(nothingPressed, 'c', 100, destinations).shortcut).toBeNull()
})

test('the list of commands opens with Cmd or Ctrl and k, and with nothing else', () => {
  const none = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false }
  expect(opensPalette({ ...none, key: 'k', ctrlKey: true })).toBe(true)
  expect(opensPalette({ ...none, key: 'K', metaKey: true })).toBe(true)
  expect(opensPalette({ ...none, key: 'k' })).toBe(false)
  expect(opensPalette({ ...none, key: 'k', ctrlKey: true, shiftKey: true })).toBe(false)
})
