import { expect, test } from 'vitest'
import { isFiltered, itemsQuery, parseInboxSearch, searchOfView, viewQuery, withQueue } from './search'

test('an address names a queue and filters, and anything else in it is left out', () => {
  expect(parseInboxSearch({ queue: 'mine', type: 'refund', order: 'due', page: 2 })).toEqual({
    queue: 'mine',
    type: 'refund',
    order: 'due',
  })
  expect(parseInboxSearch({ queue: 'nowhere', type: '', order: 'random', state: {} })).toEqual({})
})

test('what is as it is without being said is not in the address', () => {
  expect(parseInboxSearch({ queue: 'needs_me', order: 'newest' })).toEqual({})
})

test('a word of digits is a word', () => {
  expect(parseInboxSearch({ external_id: 1042 })).toEqual({ external_id: '1042' })
})

test('the server is asked for a queue, or for a state where the tab is one', () => {
  expect(itemsQuery({})).toEqual({ queue: 'needs_me' })
  expect(itemsQuery({ queue: 'closed', type: 'refund' })).toEqual({ state: 'closed', type: 'refund' })
  expect(itemsQuery({ queue: 'open', state: 'escalated' })).toEqual({ state: 'escalated' })
})

test('a saved view leads back to the list that was saved', () => {
  for (const search of [
    {},
    { queue: 'mine', type: 'refund' },
    { queue: 'closed', order: 'oldest' },
    { queue: 'open', where: 'amount>100 and order=A1' },
    { queue: 'open', state: 'escalated' },
    { queue: 'snoozed', assignee: 'ana' },
  ] as const) {
    expect(searchOfView(viewQuery(search)), viewQuery(search)).toEqual(search)
  }
})

test('a view that was saved without a queue is about all that is open', () => {
  expect(searchOfView('type=refund&assignee=me')).toEqual({ queue: 'open', type: 'refund', assignee: 'me' })
  expect(searchOfView('state=all')).toEqual({ queue: 'open', state: 'all' })
})

test('another tab keeps the filters, but for the state', () => {
  expect(withQueue({ queue: 'open', state: 'escalated', type: 'refund' }, 'needs_me')).toEqual({
    type: 'refund',
  })
})

test('a queue alone is no filter', () => {
  expect(isFiltered({ queue: 'mine', order: 'due' })).toBe(false)
  expect(isFiltered({ type: 'refund' })).toBe(true)
})
