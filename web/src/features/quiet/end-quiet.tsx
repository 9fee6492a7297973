import { Radio, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { answer, api } from '../../lib/api/client'
import type { OldQueue } from '../../lib/api/types'
import { Confirm } from '../../ui/confirm'
import { fateOfQueued } from './words'

/** Lets a restored server go on, after asking what is to become of what waited. */
export function EndQuietDialog({ queued, onClose }: { queued: number; onClose: () => void }) {
  const queryClient = useQueryClient()
  const [fate, setFate] = useState<OldQueue>('cancel')
  const end = useMutation({
    mutationFn: () => answer(api.POST('/api/v1/quiet/end', { body: { queued: fate } })),
    onSuccess: () => {
      void queryClient.invalidateQueries()
      onClose()
    },
  })
  return (
    <Confirm
      title="Let this server go on?"
      button="Let it go on"
      keep="Stay quiet"
      isPending={end.isPending}
      error={end.error}
      onConfirm={() => end.mutate()}
      onClose={onClose}
    >
      <Stack gap="sm">
        <Text size="sm">
          From then on runs are started and sent as usual. Make sure that the server from before the restore
          is off for good.
        </Text>
        {queued > 0 && (
          <Radio.Group
            label="What waited when the backup was made"
            value={fate}
            onChange={(value) => setFate(value as OldQueue)}
          >
            <Stack gap="xs" mt="xs">
              <Radio value="cancel" label="Cancel it" />
              <Radio value="keep" label="Send it, as far as it is still valid" />
            </Stack>
          </Radio.Group>
        )}
        <Text size="sm" c="dimmed">
          {fateOfQueued(queued, fate === 'keep')}
        </Text>
      </Stack>
    </Confirm>
  )
}
