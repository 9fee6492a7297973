import { expect, test } from 'vitest'
import { askedFor, isReasonEnough, shownChoices } from './choices'

const plain = {
  name: 'approve',
  label: 'Refund €240',
  refusal: false,
  reasons: [],
  reason_required: false,
  form: null,
  confirm: null,
}

test('what needs no words is done with one press, a refusal as well', () => {
  expect(askedFor(plain)).toBe(false)
  expect(askedFor({ ...plain, form: { type: 'object' } })).toBe(false)
})

test('a reason, a form and a question are asked for first', () => {
  expect(askedFor({ ...plain, reasons: ['Too late'] })).toBe(true)
  expect(askedFor({ ...plain, reason_required: true })).toBe(true)
  expect(askedFor({ ...plain, confirm: 'Sure?' })).toBe(true)
  expect(askedFor({ ...plain, form: { properties: { a: {} } } })).toBe(true)
})

test('a reason that is tapped decides, where nothing else is asked', () => {
  expect(isReasonEnough(plain)).toBe(true)
  expect(isReasonEnough({ ...plain, confirm: 'Sure?' })).toBe(false)
  expect(isReasonEnough({ ...plain, form: { properties: { a: {} } } })).toBe(false)
})

test('four buttons fit, and of more the rest opens from a menu', () => {
  const choices = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ ...plain, name: `${index}` }))
  expect(shownChoices(choices(4))).toMatchObject({ shown: { length: 4 }, more: { length: 0 } })
  expect(shownChoices(choices(5))).toMatchObject({ shown: { length: 3 }, more: { length: 2 } })
})
