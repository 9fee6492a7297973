import { QueryClient } from '@tanstack/react-query'
import { expect, test } from 'vitest'
import type { Item } from '../../lib/api/types'
import { staleAfter } from '../../lib/live/invalidations'
import { refresh } from '../../lib/live/refresh'
import { itemList } from './queries'
import type { InboxSearch } from './search'

const found = { pages: [{ items: [{ id: 'itm_1' } as Item] }], pageParams: [undefined] }
const nothing = { pages: [{ items: [] }], pageParams: [undefined] }

test('whatever happens to an item makes the lists old in which words are looked for', () => {
  for (const name of ['item.created', 'item.updated', 'item.commented', 'item.resolved', 'item.erased']) {
    const queryClient = new QueryClient()
    const { queryKey } = itemList({ queue: 'mine', q: 'parcel' })
    queryClient.setQueryData(queryKey, found)
    refresh(queryClient, staleAfter({ name, subject: 'itm_2' }))
    expect(queryClient.getQueryState(queryKey)?.isInvalidated, name).toBe(true)
  }
})

test('other words are another list', () => {
  const queryClient = new QueryClient()
  queryClient.setQueryData(itemList({ q: 'parcel' }).queryKey, found)
  expect(queryClient.getQueryData(itemList({ q: 'parcels' }).queryKey)).toBeUndefined()
  expect(queryClient.getQueryData(itemList({}).queryKey)).toBeUndefined()
})

const shownMeanwhile = (search: InboxSearch, before: InboxSearch, data: typeof found | typeof nothing) =>
  itemList(search).placeholderData(data, itemList(before))

test('while somebody types on, what was found stays on the screen', () => {
  expect(shownMeanwhile({ q: 'parcel' }, { q: 'parc' }, found)).toBe(found)
  expect(shownMeanwhile({}, { q: 'parc' }, found)).toBe(found)
})

test('no other list is shown in the place of one, and that nothing was found is said of no other words', () => {
  expect(shownMeanwhile({ queue: 'closed', q: 'parcel' }, { q: 'parcel' }, found)).toBeUndefined()
  expect(shownMeanwhile({ q: 'blue' }, { q: 'parcel' }, nothing)).toBeUndefined()
})
