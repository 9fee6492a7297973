import { Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { answer, api } from '../../lib/api/client'
import type { ApiKey } from '../../lib/api/types'
import { Confirm } from '../../ui/confirm'
import { keyList } from './queries'

/** Removes a key after asking. */
export function RemoveKeyDialog({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const queryClient = useQueryClient()
  const remove = useMutation({
    mutationFn: () => answer(api.DELETE('/api/v1/keys/{key}', { params: { path: { key: apiKey.id } } })),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: keyList().queryKey })
      onClose()
    },
  })
  return (
    <Confirm
      title="Remove this key?"
      button={`Remove ${apiKey.name}`}
      isPending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <Text size="sm">
        Whatever uses “{apiKey.name}” is signed out at once, and open connections with it end.
      </Text>
    </Confirm>
  )
}
