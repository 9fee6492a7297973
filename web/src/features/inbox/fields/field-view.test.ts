import { expect, test } from 'vitest'
import { fieldView, shownFields } from './field-view'
import { parseKey } from './schema'

const en = { language: 'en-GB' }

test('fields are shown in the order of the schema, and those it does not know come last', () => {
  const schema = {
    properties: { order: { title: 'Order' }, waiting_since: {}, amount__editable: { type: 'number' } },
  }
  const fields = { extra: 'x', amount__editable: 7, order: 'A1', waiting_since: null }
  expect(shownFields(schema, fields).map(({ label }) => label)).toEqual(['Order', 'Amount', 'Extra'])
})

test('a name is read with its marks', () => {
  expect(parseKey('photo__preview__webhook')).toEqual({ name: 'photo', marks: ['preview', 'webhook'] })
  expect(parseKey('__odd')).toEqual({ name: '__odd', marks: [] })
})

test('a preview is a picture where it is one, and a link where it is not', () => {
  expect(fieldView('photo__preview', {}, 'https://example.org/a.jpg')).toMatchObject({ kind: 'picture' })
  expect(fieldView('page__preview', {}, 'https://example.org/a')).toMatchObject({ kind: 'link' })
  expect(fieldView('page__preview', {}, '/files/7')).toEqual({
    kind: 'link',
    href: '/files/7',
    text: '/files/7',
  })
})

test('a picture that is not marked as a preview stays a link', () => {
  expect(fieldView('photo', {}, 'https://example.org/a.jpg')).toMatchObject({ kind: 'link' })
})

test('what is no safe link is text, whatever the schema says of it', () => {
  for (const schema of [{ 'x-render': 'link' }, { 'x-render': 'image' }, { format: 'uri' }, {}]) {
    expect(fieldView('photo__preview', schema, 'javascript:alert(1)')).toEqual({
      kind: 'text',
      text: 'javascript:alert(1)',
    })
  }
})

test('a path is a link only where the schema says so', () => {
  expect(fieldView('path', {}, '/etc/passwd')).toEqual({ kind: 'text', text: '/etc/passwd' })
  expect(fieldView('path', { 'x-render': 'link' }, '/files/7')).toMatchObject({ kind: 'link' })
})

test('money is written with its currency, wherever that stands', () => {
  expect(fieldView('a', { 'x-render': 'money', 'x-currency': 'EUR' }, 240, en)).toEqual({
    kind: 'text',
    text: '€240.00',
  })
  expect(fieldView('a', { 'x-render': 'money' }, { amount: 5.5, currency: 'USD' }, en)).toEqual({
    kind: 'text',
    text: 'US$5.50',
  })
  expect(fieldView('a', { 'x-render': 'money' }, 7, en)).toEqual({ kind: 'text', text: '7.00' })
  expect(fieldView('a', { 'x-render': 'money', 'x-currency': 'not one' }, 7, en)).toEqual({
    kind: 'text',
    text: '7 not one',
  })
})

test('a currency may stand in a field of its own', () => {
  const schema = { properties: { amount: { 'x-render': 'money' }, currency: {} } }
  expect(shownFields(schema, { amount: 5, currency: 'EUR' }, en)[0]?.view).toEqual({
    kind: 'text',
    text: '€5.00',
  })
})

test('markup stays text', () => {
  const text = '# Hello\n<img src=x onerror=alert(1)>'
  expect(fieldView('a', { 'x-render': 'markdown' }, text)).toEqual({ kind: 'lines', text })
})

test('lists, yes and no, and names of values are told in words', () => {
  expect(fieldView('a', {}, ['x', 2])).toEqual({ kind: 'text', text: 'x, 2' })
  expect(fieldView('a', {}, true)).toEqual({ kind: 'text', text: 'Yes' })
  expect(fieldView('a', { enum: ['r', 'g'], 'ui:enumNames': ['Red', 'Green'] }, 'g')).toEqual({
    kind: 'text',
    text: 'Green',
  })
  expect(fieldView('a', { oneOf: [{ const: 1, title: 'One' }] }, 1)).toEqual({ kind: 'text', text: 'One' })
})

test('a list of things with plain facts is a table, in the order of their schema', () => {
  const items = {
    properties: { sku: { title: 'Article' }, price: { 'x-render': 'money', 'x-currency': 'EUR' } },
  }
  const lines = [
    { note: 'late', sku: 'A1', price: 2 },
    { sku: 'B2', price: null },
  ]
  expect(fieldView('lines', { items }, lines, en)).toEqual({
    kind: 'table',
    columns: [
      { key: 'sku', label: 'Article' },
      { key: 'price', label: 'Price' },
      { key: 'note', label: 'Note' },
    ],
    rows: [
      ['A1', '€2.00', 'late'],
      ['B2', '', ''],
    ],
  })
  expect(fieldView('lines', {}, [{ link: 'javascript:alert(1)' }])).toEqual({
    kind: 'table',
    columns: [{ key: 'link', label: 'Link' }],
    rows: [['javascript:alert(1)']],
  })
})

test('what is no table, or too large for one, is shown as it is written', () => {
  for (const list of [[], [{}], [{ a: [1] }], [{ a: 1 }, 2], Array.from({ length: 201 }, () => ({ a: 1 }))])
    expect(fieldView('a', {}, list)).toMatchObject({ kind: list.length === 0 ? 'text' : 'code' })
  const wide = Object.fromEntries(Array.from({ length: 13 }, (_, index) => [`k${index}`, 1]))
  expect(fieldView('a', {}, [wide])).toMatchObject({ kind: 'code' })
})

test('what holds other things is shown as it is written', () => {
  expect(fieldView('a', {}, { b: [{}] })).toMatchObject({ kind: 'code' })
  expect(fieldView('a', { 'x-render': 'json' }, '{"b":1}')).toEqual({ kind: 'code', text: '{"b":1}' })
})

test('a moment is one where the schema says so and it is one', () => {
  expect(fieldView('a', { format: 'date-time' }, '2026-11-21T12:00:00Z')).toEqual({
    kind: 'moment',
    at: '2026-11-21T12:00:00Z',
  })
  expect(fieldView('a', { format: 'date-time' }, 'soon')).toEqual({ kind: 'text', text: 'soon' })
})
