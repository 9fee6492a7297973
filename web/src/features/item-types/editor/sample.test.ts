import { expect, test } from 'vitest'
import { sampleFields } from './sample'

test('an item to try has what the schema offers, else something of the right kind', () => {
  expect(
    sampleFields({
      properties: {
        order: { type: 'string', title: 'Order' },
        amount: { type: 'number', 'x-render': 'money', maximum: 100 },
        count: { type: 'integer', minimum: 10 },
        why: { enum: ['late'] },
        kind: { oneOf: [{ const: 2, title: 'Two' }] },
        note: { type: ['string', 'null'], default: 'hi' },
        day: { type: 'string', format: 'date' },
        photo__preview: { type: 'string' },
        tags: { type: 'array', items: { type: 'string', title: 'Tag' } },
        shop: { type: 'object', properties: { open: { type: 'boolean' } } },
        code: { type: 'string', maxLength: 2 },
      },
    }),
  ).toEqual({
    order: 'Order',
    amount: 100,
    count: 10,
    why: 'late',
    kind: 2,
    note: 'hi',
    day: '2027-01-15',
    photo__preview: '/favicon.svg',
    tags: ['Tag'],
    shop: { open: true },
    code: 'Co',
  })
})

test('what is no schema yet has no fields', () => {
  expect(sampleFields(undefined)).toEqual({})
  expect(sampleFields({ properties: 'soon' })).toEqual({})
})

test('a number to try is within its bounds, also those that are not reached themselves', () => {
  const number = (bounds: Record<string, number>) =>
    sampleFields({ properties: { n: { type: 'number', ...bounds } } }).n
  expect(number({ exclusiveMinimum: 0 })).toBe(7)
  expect(number({ exclusiveMinimum: 7 })).toBe(8)
  expect(number({ exclusiveMaximum: 7 })).toBe(6)
  expect(number({ exclusiveMinimum: 0, exclusiveMaximum: 1 })).toBe(0.5)
})
