import { Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { answer, api } from '../../lib/api/client'
import type { Secret } from '../../lib/api/types'
import { Confirm } from '../../ui/confirm'
import { secretList } from './queries'

/** Removes a secret after asking. */
export function RemoveSecretDialog({ secret, onClose }: { secret: Secret; onClose: () => void }) {
  const queryClient = useQueryClient()
  const remove = useMutation({
    mutationFn: () =>
      answer(api.DELETE('/api/v1/secrets/{secret}', { params: { path: { secret: secret.id } } })),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: secretList().queryKey })
      onClose()
    },
  })
  return (
    <Confirm
      title="Remove this secret?"
      button={`Remove ${secret.name}`}
      isPending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <Text size="sm">
        Tasks that name “{secret.name}” cannot be run until it is set again. The value cannot be brought back.
      </Text>
    </Confirm>
  )
}
