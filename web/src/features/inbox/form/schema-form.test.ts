import { expect, test } from 'vitest'
import { changedFields, formFields, formProblems, readForm, valuesOf } from './schema-form'

const schema = {
  type: 'object',
  required: ['amount', 'why'],
  properties: {
    amount: { type: 'number', title: 'Amount', minimum: 1, maximum: 500 },
    count: { type: 'integer', default: 2 },
    why: { enum: ['late', 'broken'], 'ui:enumNames': ['Too late', 'Broken'] },
    note: { type: 'string', 'ui:widget': 'textarea', maxLength: 5 },
    code: { type: ['string', 'null'], pattern: '^[A-Z]+$', 'ui:placeholder': 'ABC' },
    notify: { type: 'boolean', default: true },
    day: { type: 'string', format: 'date' },
    tags: { type: 'array', items: { enum: ['a', 'b'] } },
    extra: { type: 'object' },
  },
}
const fields = formFields(schema)
const filled = (values: Record<string, string | boolean | string[]>) =>
  readForm(fields, { ...valuesOf(schema, fields), amount: '7', why: '0', ...values })
const problemAt = (key: string, value: string) => {
  const read = filled({ [key]: value })
  return 'problems' in read ? read.problems[key] : undefined
}

test('every kind of schema has its field', () => {
  expect(fields.map(({ kind }) => kind)).toEqual([
    'number',
    'integer',
    'choice',
    'lines',
    'line',
    'flag',
    'day',
    'choices',
    'json',
  ])
  expect(fields[0]).toMatchObject({ label: 'Amount', isRequired: true })
  expect(fields[4]).toMatchObject({ label: 'Code', placeholder: 'ABC', isRequired: false })
})

test('what was filled in becomes what the schema asks for', () => {
  expect(
    filled({ amount: '12,5', why: '1', note: 'hi\n', tags: ['1'], day: '2026-11-21', extra: '{"a": 1}' }),
  ).toEqual({
    values: {
      amount: 12.5,
      count: 2,
      why: 'broken',
      note: 'hi\n',
      notify: true,
      day: '2026-11-21',
      tags: ['b'],
      extra: { a: 1 },
    },
  })
})

test('what is left empty is left out, but an unticked box says no', () => {
  expect(filled({ count: '', notify: false })).toEqual({ values: { amount: 7, why: 'late', notify: false } })
})

test('what is needed and missing is told at its field', () => {
  expect(filled({ amount: ' ', why: '' })).toEqual({
    problems: { amount: 'This is needed.', why: 'Choose one.' },
  })
})

test.each([
  ['amount', 'many', 'A number is needed here.'],
  ['amount', '0', 'At least 1.'],
  ['amount', '501', 'At most 500.'],
  ['count', '1.5', 'A whole number is needed here.'],
  ['note', 'longer', 'At most 5 characters.'],
  ['code', 'abc', 'It has to fit ^[A-Z]+$.'],
  ['extra', '{a}', 'It is not JSON: texts stand in double quotes.'],
])('%s does not take %j', (key, value, problem) => {
  expect(problemAt(key, value)).toBe(problem)
})

test('a form begins with what is there', () => {
  const values = valuesOf(schema, fields, { amount: 3, why: 'broken', tags: ['b', 'gone'], extra: [1] })
  expect(values).toMatchObject({
    amount: '3',
    why: '1',
    tags: ['1'],
    extra: '[\n  1\n]',
    count: '2',
    day: '',
  })
})

test('numbers are choices too', () => {
  const only = { properties: { stars: { enum: [1, 2, 3] } } }
  expect(readForm(formFields(only), { stars: '2' })).toEqual({ values: { stars: 3 } })
})

test("the server's problems go to their fields, also those of fields with odd names", () => {
  const odd = formFields({ properties: { 'a/b': {}, tags: { type: 'array', items: { enum: ['a'] } } } })
  const errors = [
    { pointer: '/answers/a~1b', detail: 'wrong' },
    { pointer: '/answers/tags/0', detail: 'gone' },
    { pointer: '/answers/other', detail: 'unknown' },
    { pointer: '/reason', detail: 'too long' },
  ]
  expect(formProblems(errors, odd, '/answers')).toEqual({
    problems: { 'a/b': 'wrong', tags: 'gone' },
    rest: ['/answers/other: unknown', '/reason: too long'],
  })
})

test('what is no schema has no fields', () => {
  expect(formFields(null)).toEqual([])
  expect(formFields({ properties: [] })).toEqual([])
})

test('only what was changed is sent, and what was emptied is removed', () => {
  const before = { amount: 7, count: 2, code: 'ABC' }
  expect(changedFields(fields, before, { amount: 8, count: 2, notify: false })).toEqual({
    amount: 8,
    code: null,
  })
  expect(changedFields(fields, { notify: true }, { notify: false })).toEqual({ notify: false })
})

test('a bound that is not reached itself is told as such', () => {
  const share = formFields({
    properties: { share: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 } },
  })
  expect(readForm(share, { share: '0' })).toEqual({ problems: { share: 'More than 0.' } })
  expect(readForm(share, { share: '1' })).toEqual({ problems: { share: 'Less than 1.' } })
  expect(readForm(share, { share: '0.5' })).toEqual({ values: { share: 0.5 } })
})
