import { Button, Checkbox, Group, Stack, Text, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { fieldProblems } from '../../lib/api/problem'
import type { Webhook } from '../../lib/api/types'
import { useLocale } from '../../lib/locale'
import { instantOf, viewerZone, wallOf } from '../../lib/time/zone'
import { count } from '../../lib/words'
import { Dialog } from '../../ui/dialog'
import { FormProblem } from '../../ui/form-problem'
import { useRecover } from './queries'

interface RecoverDialogProps {
  webhook: Webhook
  /** Since when something was missed, where it is known. */
  since?: string
  onClose: () => void
}

/** Delivers again what happened in a time. */
export function RecoverDialog({ webhook, since, onClose }: RecoverDialogProps) {
  const zone = viewerZone(useLocale().timeZone)
  const [from, setFrom] = useState(() => (since ? wallOf(new Date(since), zone).slice(0, 16) : ''))
  const [until, setUntil] = useState('')
  const [isAll, setAll] = useState(false)
  const [isMissing, setMissing] = useState(false)
  const recover = useRecover(webhook)
  const problems = fieldProblems(recover.error, (pointer) =>
    pointer === '/since' || pointer === '/until' ? pointer : null,
  )
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const at = instantOf(from, zone)
    setMissing(!at)
    if (at) recover.mutate({ since: at, until: instantOf(until, zone), all: isAll })
  }
  if (recover.data) {
    return (
      <Dialog key="told" onClose={onClose} title="Recover deliveries">
        <Stack>
          <Text role="status">
            {count(recover.data.delivery_count, 'delivery is', 'deliveries are')} on the way.
          </Text>
          <Group justify="flex-end">
            <Button data-autofocus onClick={onClose}>
              Done
            </Button>
          </Group>
        </Stack>
      </Dialog>
    )
  }
  return (
    <Dialog onClose={onClose} title="Recover deliveries">
      <form onSubmit={submit}>
        <Stack>
          <Text size="sm">
            What happened since then and was not delivered is delivered now, in its order.
          </Text>
          <TextInput
            type="datetime-local"
            label="Since"
            data-autofocus
            value={from}
            error={isMissing ? 'Since when?' : problems.fields['/since']}
            onChange={(event) => setFrom(event.currentTarget.value)}
          />
          <TextInput
            type="datetime-local"
            label="Until"
            description="Empty: now."
            value={until}
            error={problems.fields['/until']}
            onChange={(event) => setUntil(event.currentTarget.value)}
          />
          <Checkbox
            label="Also what was delivered before"
            description="Receivers know it again by its webhook-id."
            checked={isAll}
            onChange={(event) => setAll(event.currentTarget.checked)}
          />
          <FormProblem text={problems.rest} error={recover.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={recover.isPending}>
              Recover
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  )
}
