import { expect, test } from 'vitest'
import { ApiProblem } from '../../lib/api/problem'
import {
  isFiltered,
  isOfOpen,
  itemsQuery,
  parseInboxSearch,
  searchOfView,
  searchProblems,
  tabOf,
  viewOf,
  viewQuery,
  withClosed,
  withQueue,
} from './search'

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

test('what is looked for stands in the address as it was typed, but for the space around it', () => {
  expect(parseInboxSearch({ q: '  blue  parcel ' })).toEqual({ q: 'blue  parcel' })
  expect(parseInboxSearch({ q: 1042 })).toEqual({ q: '1042' })
  expect(parseInboxSearch({ q: true })).toEqual({ q: 'true' })
  expect(parseInboxSearch({ q: '   ' })).toEqual({})
})

test('the server looks for the words in the list that is shown', () => {
  expect(itemsQuery({ q: 'parcel' })).toEqual({ queue: 'needs_me', q: 'parcel' })
  expect(itemsQuery({ queue: 'closed', type: 'refund', q: 'parcel' })).toEqual({
    state: 'closed',
    type: 'refund',
    q: 'parcel',
  })
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
    { queue: 'mine', q: 'blue parcel & more' },
    { queue: 'open', state: 'all', q: 'parcel' },
  ] as const) {
    expect(searchOfView(viewQuery(search)), viewQuery(search)).toEqual(search)
  }
})

test('a view that was saved without a queue is about all that is open', () => {
  expect(searchOfView('type=refund&assignee=me')).toEqual({ queue: 'open', type: 'refund', assignee: 'me' })
  expect(searchOfView('state=all')).toEqual({ queue: 'open', state: 'all' })
})

test('a list is the view that says the same, and rather one of mine', () => {
  const theirs = { name: 'theirs', query: 'queue=mine&type=refund', own: false }
  const mine = { name: 'mine', query: 'type=refund&queue=mine', own: true }
  expect(viewOf([theirs, mine], { queue: 'mine', type: 'refund' })).toBe(mine)
  expect(viewOf([theirs], { queue: 'mine', type: 'refund' })).toBe(theirs)
  expect(viewOf([theirs, mine], { queue: 'mine', type: 'refund', q: 'parcel' })).toBeUndefined()
})

test('another tab keeps the filters, but for the state', () => {
  expect(withQueue({ queue: 'open', state: 'escalated', type: 'refund' }, 'needs_me')).toEqual({
    type: 'refund',
  })
})

test('another tab looks for the same words', () => {
  expect(withQueue({ queue: 'open', state: 'all', q: 'parcel' }, 'mine')).toEqual({
    queue: 'mine',
    q: 'parcel',
  })
})

test('a search that finds nothing among open items goes on among all of them', () => {
  for (const search of [
    { q: 'parcel' },
    { queue: 'mine', type: 'refund', q: 'parcel' },
    { queue: 'open', q: 'parcel' },
    { queue: 'open', state: 'escalated', q: 'parcel' },
  ] as const) {
    expect(isOfOpen(search)).toBe(true)
    const further = withClosed(search)
    expect(itemsQuery(further)).toMatchObject({ state: 'all', q: 'parcel' })
    expect(isOfOpen(further)).toBe(false)
  }
  expect(itemsQuery(withClosed({ queue: 'mine', type: 'refund', q: 'parcel' }))).toEqual({
    state: 'all',
    type: 'refund',
    q: 'parcel',
  })
})

test('where closed items are looked at already there is nothing further to look at', () => {
  expect(isOfOpen({ queue: 'closed', q: 'parcel' })).toBe(false)
  expect(isOfOpen({ queue: 'open', state: 'resolved', q: 'parcel' })).toBe(false)
  expect(isOfOpen({ queue: 'mine', state: 'all' })).toBe(true)
})

test('a list of open and closed items is none of the tabs', () => {
  expect(tabOf({})).toBe('needs_me')
  expect(tabOf({ queue: 'open', state: 'escalated' })).toBe('open')
  expect(tabOf({ queue: 'closed', q: 'parcel' })).toBe('closed')
  expect(tabOf({ queue: 'open', state: 'all' })).toBeNull()
})

test('a queue alone is no filter', () => {
  expect(isFiltered({ queue: 'mine', order: 'due' })).toBe(false)
  expect(isFiltered({ type: 'refund' })).toBe(true)
  expect(isFiltered({ q: 'parcel' })).toBe(true)
})

test('what is wrong with what was typed is told at its field, where there is one', () => {
  const wrong = (pointer: string) =>
    new ApiProblem({ status: 422, code: 'invalid', detail: '', errors: [{ pointer, detail: 'so' }] })
  expect(searchProblems(wrong('/q'), { q: '#' })).toEqual({ q: 'so' })
  expect(searchProblems(wrong('/where'), { type: 'refund', where: 'x' })).toEqual({ where: 'so' })
  expect(searchProblems(wrong('/where'), { where: 'x' })).toEqual({})
  expect(searchProblems(wrong('/type'), { type: 'refund' })).toEqual({})
  expect(searchProblems(null, {})).toEqual({})
})
