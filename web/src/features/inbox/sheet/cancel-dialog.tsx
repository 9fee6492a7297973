import { Button, Group, Stack, Text, Textarea } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { fieldProblems } from '../../../lib/api/problem'
import type { Item } from '../../../lib/api/types'
import { Dialog } from '../../../ui/dialog'
import { FormProblem } from '../../../ui/form-problem'
import { tell } from '../../../ui/toast'
import { useCancelItem } from '../queries'

interface CancelDialogProps {
  item: Item
  onCancelled: () => void
  onClose: () => void
}

/** Takes an item back: nobody has to decide any more. */
export function CancelDialog({ item, onCancelled, onClose }: CancelDialogProps) {
  const [reason, setReason] = useState('')
  const cancel = useCancelItem(item)
  const problems = fieldProblems(cancel.error, (pointer) => (pointer === '/reason' ? 'reason' : null))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    cancel.mutate(reason.trim(), {
      onSuccess: () => {
        tell('Taken back')
        onClose()
        onCancelled()
      },
    })
  }
  return (
    <Dialog onClose={onClose} title="Take it back?">
      <form onSubmit={submit}>
        <Stack>
          <Text size="sm">
            Nobody has to decide any more, and whoever asked is told so. It cannot be undone.
          </Text>
          <Textarea
            label="Why?"
            autosize
            minRows={1}
            maxRows={6}
            data-autofocus
            value={reason}
            error={problems.fields.reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          <FormProblem text={problems.rest} error={cancel.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Keep it
            </Button>
            <Button type="submit" color="red" loading={cancel.isPending}>
              Take it back
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  )
}
