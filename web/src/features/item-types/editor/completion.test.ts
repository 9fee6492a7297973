import { expect, test } from 'vitest'
import { completionAt } from './completion'
import { withFields } from './field-schema'

const schema = {
  $ref: '#/$defs/Type',
  $defs: {
    Type: {
      type: 'object',
      required: ['name'],
      properties: {
        name: { type: 'string', description: 'Unique.' },
        title: { type: 'string' },
        text: { type: ['string', 'null'] },
        on_timeout: { $ref: '#/$defs/OnTimeout' },
        states: { type: 'object', additionalProperties: { $ref: '#/$defs/State' } },
        resolutions: {
          type: 'object',
          additionalProperties: {
            type: 'object',
            properties: { label: { type: 'string' }, refusal: { type: 'boolean' } },
          },
        },
        steps: {
          type: 'array',
          items: { type: 'object', properties: { run: {}, kind: { enum: ['a', 'b'] } } },
        },
        colors: { type: 'array', items: { enum: ['red', 'green'] } },
        access: { anyOf: [{ type: 'object', properties: { may_see: { type: 'array' } } }, { type: 'null' }] },
      },
    },
    OnTimeout: { oneOf: [{ const: 'keep', description: 'It stays.' }, { const: 'deny' }] },
    State: { type: 'object', properties: { label: {}, to: { type: 'array' } } },
  },
}

/** The cursor stands at the bar. */
const offered = (marked: string, of: unknown = schema) => {
  const found = completionAt(marked.replace('|', ''), marked.indexOf('|'), of)
  return found?.suggestions.map(({ text }) => text) ?? []
}
const written = (marked: string, word: string) =>
  completionAt(marked.replace('|', ''), marked.indexOf('|'), schema)?.suggestions.find(
    ({ text }) => text === word,
  )?.insert

test('at the beginning every key is offered, and what is typed narrows them down', () => {
  expect(offered('|')).toContain('resolutions')
  expect(offered('t|')).toEqual(['title', 'text'])
  expect(offered('name: x\nt|\n')).toEqual(['title', 'text'])
})

test('a key that stands there already is not offered again, wherever it stands', () => {
  expect(offered('name: x\n|\ntitle: y\n')).not.toContain('name')
  expect(offered('name: x\n|\ntitle: y\n')).not.toContain('title')
  expect(offered('states:\n  new:\n    label: x\n    |\n')).toEqual(['to'])
})

test('within a thing its own keys are offered, whatever it is called', () => {
  expect(offered('resolutions:\n  approve:\n    |')).toEqual(['label', 'refusal'])
  expect(offered('states:\n  new:\n    to: []\n  done:\n    |')).toEqual(['label', 'to'])
  expect(offered('access:\n  |')).toEqual(['may_see'])
})

test('after a key its values are offered', () => {
  expect(offered('on_timeout: |')).toEqual(['keep', 'deny'])
  expect(offered('on_timeout: d|')).toEqual(['deny'])
  expect(offered('resolutions:\n  refuse:\n    refusal: |')).toEqual(['true', 'false'])
})

test('in a list the keys and values of its items are offered', () => {
  expect(offered('steps:\n  - |')).toEqual(['run', 'kind'])
  expect(offered('steps:\n  - run: x\n    |')).toEqual(['kind'])
  expect(offered('steps:\n  - run: x\n    kind: |')).toEqual(['a', 'b'])
  expect(offered('steps:\n- run: x\n- |')).toEqual(['run', 'kind'])
  expect(offered('colors:\n  - r|')).toEqual(['red'])
})

test('after a list the keys beside it are offered again', () => {
  expect(offered('steps:\n  - run: x\nt|')).toEqual(['title', 'text'])
})

test('nothing is offered in a text of several lines, in a comment, or in the middle of a word', () => {
  expect(offered('text: >\n  na|')).toEqual([])
  expect(offered('# na|')).toEqual([])
  expect(offered('na|me')).toEqual([])
})

test('a key is written with what has to follow it', () => {
  expect(written('|', 'title')).toBe('title: ')
  expect(written('|', 'states')).toBe('states:\n  ')
  expect(written('states:\n  new:\n    |', 'to')).toBe('to:\n      - ')
})

test('a key tells what it is for', () => {
  const found = completionAt('n', 1, schema)
  expect(found?.suggestions).toEqual([{ text: 'name', insert: 'name: ', detail: 'needed · Unique.' }])
})

test('fields are completed as JSON Schema has them, also of a form, and without the published schema', () => {
  expect(offered('fields:\n  properties:\n    amount:\n      x-|', withFields(schema))).toEqual([
    'x-render',
    'x-currency',
  ])
  const form = 'resolutions:\n  approve:\n    form:\n      properties:\n        note:\n          ui:w|'
  expect(offered(form, withFields(schema))).toEqual(['ui:widget'])
  expect(offered('fields:\n  |', withFields(null))).toEqual(['type', 'required', 'properties'])
})

test('without a schema nothing is offered', () => {
  expect(completionAt('n', 1, null)).toBeNull()
})
