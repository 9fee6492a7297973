import { expect, test } from 'vitest'
import {
  dueWords,
  duplicateWords,
  endWords,
  isSnoozed,
  itemIdIn,
  lastResolved,
  neighbour,
  nextAfter,
  queueCount,
  stateTag,
  stateWords,
} from './item-words'

const now = new Date('2026-11-21T12:00:00Z')
const resolution = {
  name: 'refund',
  label: 'Refund €240.00',
  refusal: false,
  answers: {},
  by: 'Ana',
  at: '2026-11-21T11:58:00Z',
}
const list = ['a', 'b', 'c'].map((id) => ({ id }))

test('an item that is simply open says nothing of its state', () => {
  expect(stateTag({ state: 'open', is_open: true })).toBeNull()
  expect(stateTag({ state: 'waiting_for_shop', is_open: true })).toEqual({
    words: 'Waiting for shop',
    tone: 'active',
  })
})

test('a state is called as its type calls it', () => {
  expect(stateTag({ state: 'gathering', is_open: true }, 'Gathering evidence')?.words).toBe(
    'Gathering evidence',
  )
  expect(stateTag({ state: 'open', is_open: true }, 'Just in')?.words).toBe('Just in')
})

test('an item that is over says how', () => {
  expect(stateTag({ state: 'resolved', is_open: false, resolution })).toEqual({
    words: 'Refund €240.00',
    tone: 'good',
  })
  expect(
    stateTag({ state: 'resolved', is_open: false, resolution: { ...resolution, refusal: true } })?.tone,
  ).toBe('bad')
  expect(endWords({ state: 'resolved', is_open: false, resolution })).toBe('Ana: Refund €240.00')
  expect(
    endWords({
      state: 'timed_out',
      is_open: false,
      reason: { code: 'due', detail: 'Nobody decided in time.' },
    }),
  ).toBe('Nobody decided in time.')
  expect(endWords({ state: 'open', is_open: true })).toBeNull()
  expect(stateWords('timed_out')).toBe('Timed out')
})

test('a duplicate says who posted it, and how much there is to read', () => {
  expect(duplicateWords({ created_by: 'shop', comment_count: 0 })).toBe('by shop')
  expect(duplicateWords({ created_by: 'shop', comment_count: 1 })).toBe('by shop · 1 comment')
  expect(duplicateWords({ created_by: 'shop', comment_count: 12 })).toBe('by shop · 12 comments')
})

test('when it is due is told until it is over', () => {
  const due = (due_at: string, is_open = true) => dueWords({ due_at, is_open }, now)
  expect(due('2026-11-21T14:00:00Z')).toEqual({ words: 'due in 2 h', isOver: false })
  expect(due('2026-11-21T11:55:00Z')).toEqual({ words: 'overdue for 5 min', isOver: true })
  expect(due('2026-11-21T12:00:02Z')).toEqual({ words: 'due now', isOver: false })
  expect(due('2026-11-21T11:55:00Z', false)).toBeNull()
  expect(dueWords({ is_open: true }, now)).toBeNull()
})

test('an item is snoozed until its time has come', () => {
  expect(isSnoozed({ snoozed_until: '2026-11-21T13:00:00Z' }, now)).toBe(true)
  expect(isSnoozed({ snoozed_until: '2026-11-21T11:00:00Z' }, now)).toBe(false)
  expect(isSnoozed({ snoozed_until: null }, now)).toBe(false)
})

test('after a decision the next item comes by itself, and after the last one the one before', () => {
  expect(nextAfter(list, 'a')).toBe('b')
  expect(nextAfter(list, 'c')).toBe('b')
  expect(nextAfter([{ id: 'a' }], 'a')).toBeNull()
  expect(nextAfter([], 'a')).toBeNull()
})

test('an item that has left the list already is followed by the one that took its place', () => {
  expect(nextAfter(list, 'gone', 1)).toBe('b')
  expect(nextAfter(list, 'gone', 7)).toBe('c')
  expect(neighbour(list, 'gone', 1, 1)).toBe('b')
  expect(neighbour(list, 'gone', -1, 1)).toBe('a')
})

test('next and previous stop at the ends, and begin with the first', () => {
  expect(neighbour(list, undefined, 1)).toBe('a')
  expect(neighbour(list, undefined, -1)).toBe('c')
  expect(neighbour(list, 'a', 1)).toBe('b')
  expect(neighbour(list, 'c', 1)).toBeNull()
  expect(neighbour(list, 'a', -1)).toBeNull()
  expect(neighbour(list, 'elsewhere', 1)).toBe('a')
})

test('the proof that something works is the last item that was resolved', () => {
  expect(
    lastResolved([
      { state: 'resolved', closed_at: '2026-11-21T11:00:00Z' },
      { state: 'cancelled', closed_at: '2026-11-21T11:50:00Z' },
      { state: 'resolved', closed_at: '2026-11-21T11:30:00Z' },
    ]),
  ).toBe('2026-11-21T11:30:00Z')
  expect(lastResolved([])).toBeNull()
})

test('an item is found by its id and by its address', () => {
  const id = 'itm_01jd2v0q8rf7x9d2k3m4n5p6q7'
  expect(itemIdIn(` ${id} `)).toBe(id)
  expect(itemIdIn(`https://taskey.example/inbox/${id}?queue=mine`)).toBe(id)
  expect(itemIdIn('run_01jd2v0q8rf7x9d2k3m4n5p6q7')).toBeNull()
})

test('a long queue is said to be longer than it is counted', () => {
  expect(queueCount(7)).toBe('7')
  expect(queueCount(999)).toBe('999')
  expect(queueCount(1_000)).toMatch(/^1.?000\+$/)
})
