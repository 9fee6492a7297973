import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { answer, api } from '../../lib/api/client'
import { pagedList } from '../../lib/api/pages'
import type { RecoverDeliveries, RotateWebhookKey, Webhook, WebhookSpec } from '../../lib/api/types'
import type { DeliverySearch } from './search'

const pageLength = 50
/** Tries tell nobody: they are asked for, as long as somebody looks. */
const askAgainMs = 10_000

export const webhookList = () =>
  pagedList(['webhooks', 'list'], (cursor, signal) =>
    answer(api.GET('/api/v1/webhooks', { params: { query: { cursor, limit: 100 } }, signal })),
  )

/** A webhook as it was read, and the ETag that says so when it is replaced. */
export interface ReadWebhook {
  webhook: Webhook
  etag: string
}

async function readWebhook(webhook: string, signal: AbortSignal): Promise<ReadWebhook> {
  const params = { path: { webhook } }
  const { data, response } = await api.GET('/api/v1/webhooks/{webhook}', { params, signal })
  return { webhook: data as Webhook, etag: response.headers.get('ETag') ?? '' }
}

/** `webhook` is an id or a name. */
export const webhookDetail = (webhook: string) =>
  queryOptions({
    queryKey: ['webhooks', 'one', webhook],
    queryFn: ({ signal }) => readWebhook(webhook, signal),
    refetchInterval: askAgainMs,
  })

/** Never from memory: an editor that begins with an old version cannot save. */
export const webhookToEdit = (webhook: string) =>
  queryOptions({
    queryKey: ['webhooks', 'edit', webhook],
    queryFn: ({ signal }) => readWebhook(webhook, signal),
    staleTime: 0,
    gcTime: 0,
  })

/** The deliveries of a webhook (its id), newest first. */
export const deliveryList = (webhook: string, search: DeliverySearch) => ({
  ...pagedList(['webhooks', 'deliveries', webhook, search], (cursor, signal) =>
    answer(
      api.GET('/api/v1/webhooks/{webhook}/deliveries', {
        params: { path: { webhook }, query: { ...search, cursor, limit: pageLength } },
        signal,
      }),
    ),
  ),
  refetchInterval: askAgainMs,
})

/** One delivery with its attempts and its body. */
export const deliveryDetail = (webhook: string, delivery: string) =>
  queryOptions({
    queryKey: ['webhooks', 'deliveries', webhook, 'one', delivery],
    queryFn: ({ signal }) =>
      answer(
        api.GET('/api/v1/webhooks/{webhook}/deliveries/{delivery}', {
          params: { path: { webhook, delivery } },
          signal,
        }),
      ),
  })

/** What is saved. `key` makes a repeated request for the same new webhook harmless. */
export interface SaveWebhook {
  spec: WebhookSpec
  key: string
}

/** Makes a webhook, or replaces the one that was read. */
export function useSaveWebhook(replaced?: { id: string; etag: string }) {
  const refresh = useRefresh()
  return useMutation({
    mutationFn: ({ spec, key }: SaveWebhook) =>
      replaced
        ? answer(
            api.PUT('/api/v1/webhooks/{webhook}', {
              params: { path: { webhook: replaced.id }, header: { 'If-Match': replaced.etag } },
              body: spec,
            }),
          )
        : answer(api.POST('/api/v1/webhooks', { body: spec, headers: { 'Idempotency-Key': key } })),
    // A secret stays where it is shown.
    gcTime: 0,
    onSuccess: refresh,
  })
}

export function useRemoveWebhook(webhook: Webhook, onRemoved: () => void) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: () =>
      answer(api.DELETE('/api/v1/webhooks/{webhook}', { params: { path: { webhook: webhook.id } } })),
    onSuccess: () => {
      onRemoved()
      for (const kind of ['one', 'deliveries'])
        queryClient.removeQueries({ queryKey: ['webhooks', kind, webhook.id] })
      void queryClient.invalidateQueries({ queryKey: ['webhooks', 'list'] })
    },
  })
}

/** Makes the next key, or takes the one that an application has; the older one signs too for as long as `overlap` says. */
export function useRotateKey(webhook: Webhook) {
  const refresh = useRefresh()
  return useMutation({
    mutationFn: (body: RotateWebhookKey) =>
      answer(
        api.POST('/api/v1/webhooks/{webhook}/rotate', {
          params: { path: { webhook: webhook.id } },
          body,
        }),
      ),
    // A secret stays where it is shown, or was typed.
    gcTime: 0,
    onSuccess: refresh,
  })
}

export function useResend(webhook: string) {
  const refresh = useRefresh()
  return useMutation({
    mutationFn: (delivery: string) =>
      answer(
        api.POST('/api/v1/webhooks/{webhook}/deliveries/{delivery}/resend', {
          params: { path: { webhook, delivery } },
        }),
      ),
    onSettled: refresh,
  })
}

export function useRecover(webhook: Webhook) {
  const refresh = useRefresh()
  return useMutation({
    mutationFn: (body: RecoverDeliveries) =>
      answer(
        api.POST('/api/v1/webhooks/{webhook}/recover', { params: { path: { webhook: webhook.id } }, body }),
      ),
    onSettled: refresh,
  })
}

function useRefresh() {
  const queryClient = useQueryClient()
  return () => void queryClient.invalidateQueries({ queryKey: ['webhooks'] })
}
