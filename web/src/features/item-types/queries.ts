import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { answer, api } from '../../lib/api/client'
import { pagedList } from '../../lib/api/pages'
import type { ItemType, ItemTypeSpec, MoveItems } from '../../lib/api/types'

export const itemTypeList = () =>
  pagedList(['item-types', 'list'], (cursor, signal) =>
    answer(api.GET('/api/v1/item-types', { params: { query: { cursor, limit: 100 } }, signal })),
  )

/** `type` is an id or a name. */
export const itemTypeDetail = (type: string) =>
  queryOptions({
    queryKey: ['item-types', 'one', type],
    queryFn: ({ signal }) =>
      answer(api.GET('/api/v1/item-types/{item_type}', { params: { path: { item_type: type } }, signal })),
  })

/** Every version, newest first. */
export const itemTypeVersions = (type: string) =>
  pagedList(['item-types', 'versions', type], (cursor, signal) =>
    answer(
      api.GET('/api/v1/item-types/{item_type}/versions', {
        params: { path: { item_type: type }, query: { cursor } },
        signal,
      }),
    ),
  )

/** What storing a type would do, and how an item with these fields would read. */
export const itemTypeCheck = (spec: unknown, fields: Record<string, unknown> | undefined) =>
  queryOptions({
    queryKey: ['item-type-check', spec, fields],
    queryFn: ({ signal }) =>
      answer(
        api.POST('/api/v1/item-types/check', {
          body: { spec: spec as ItemTypeSpec, ...(fields && { fields }) },
          signal,
        }),
      ),
    retry: false,
    gcTime: 60_000,
  })

/** The JSON Schema of the file that describes a type, for completing its keys. */
export const itemTypeFileSchema = () =>
  queryOptions({
    queryKey: ['item-type-file-schema'],
    queryFn: async ({ signal }): Promise<unknown> => {
      const response = await fetch('/schemas/item-type.json', { signal })
      return response.ok ? response.json() : null
    },
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  })

/** A type as it was read, and the ETag that says so when it is replaced. */
export interface ReadItemType {
  type: ItemType
  etag: string
}

/** Never from memory: an editor that begins with an old version cannot save. */
export const itemTypeToEdit = (type: string) =>
  queryOptions({
    queryKey: ['item-types', 'edit', type],
    queryFn: async ({ signal }): Promise<ReadItemType> => {
      const params = { path: { item_type: type } }
      const { data, response } = await api.GET('/api/v1/item-types/{item_type}', { params, signal })
      return { type: data as ItemType, etag: response.headers.get('ETag') ?? '' }
    },
    staleTime: 0,
    gcTime: 0,
  })

/** What is saved. `key` makes a repeated request for the same new type harmless. */
export interface SaveItemType {
  spec: ItemTypeSpec
  key: string
}

/** Makes a type, or replaces the one that was read. */
export function useSaveItemType(replaced?: { id: string; etag: string }) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: ({ spec, key }: SaveItemType) =>
      replaced
        ? answer(
            api.PUT('/api/v1/item-types/{item_type}', {
              params: { path: { item_type: replaced.id }, header: { 'If-Match': replaced.etag } },
              body: spec,
            }),
          )
        : answer(api.POST('/api/v1/item-types', { body: spec, headers: { 'Idempotency-Key': key } })),
    onSuccess: (type) => {
      queryClient.setQueryData(itemTypeDetail(type.id).queryKey, type)
      void queryClient.invalidateQueries({ queryKey: ['item-types'] })
      void queryClient.invalidateQueries({ queryKey: ['items'] })
    },
  })
}

export function useRemoveItemType(type: ItemType, onRemoved: () => void) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: () =>
      answer(api.DELETE('/api/v1/item-types/{item_type}', { params: { path: { item_type: type.id } } })),
    onSuccess: () => {
      onRemoved()
      for (const kind of ['one', 'versions'])
        queryClient.removeQueries({ queryKey: ['item-types', kind, type.id] })
      void queryClient.invalidateQueries({ queryKey: ['item-types', 'list'] })
    },
  })
}

/** Moves the open items of earlier versions to the newest, or tells what would become of them. */
export function useMoveItems(type: ItemType) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (body: MoveItems) =>
      answer(
        api.POST('/api/v1/item-types/{item_type}/move-items', {
          params: { path: { item_type: type.id } },
          body,
        }),
      ),
    onSuccess: ({ dry_run }) => {
      if (dry_run) return
      for (const key of ['item-types', 'items']) void queryClient.invalidateQueries({ queryKey: [key] })
    },
  })
}
