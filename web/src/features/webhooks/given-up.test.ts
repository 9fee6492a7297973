import { QueryClient } from '@tanstack/react-query'
import { expect, test } from 'vitest'
import type { WebhookState } from '../../lib/api/types'
import { staleAfter } from '../../lib/live/invalidations'
import { refresh } from '../../lib/live/refresh'
import { givenUpOf, namedOf } from './given-up'
import { webhookList } from './queries'

const webhook = (id: string, state: WebhookState) => ({ id, state })

test('only what was given up is told of, not what somebody has disabled', () => {
  const webhooks = [webhook('a', 'active'), webhook('b', 'given_up'), webhook('c', 'disabled')]
  expect(givenUpOf(webhooks).map(({ id }) => id)).toEqual(['b'])
})

test('three are named, and of more it is told how many they are', () => {
  expect(namedOf(['a', 'b', 'c'])).toEqual({ named: ['a', 'b', 'c'], otherCount: 0 })
  expect(namedOf(['a', 'b', 'c', 'd', 'e'])).toEqual({ named: ['a', 'b', 'c'], otherCount: 2 })
})

test('a webhook that is given up makes the list old that says so', () => {
  const queryClient = new QueryClient()
  const { queryKey } = webhookList()
  queryClient.setQueryData(queryKey, { pages: [{ items: [] }], pageParams: [undefined] })
  refresh(queryClient, staleAfter({ name: 'webhook.given_up', subject: 'whk_1' }))
  expect(queryClient.getQueryState(queryKey)?.isInvalidated).toBe(true)
})
