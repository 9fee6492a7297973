import { Button, Group, Select, Stack, Text } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { problemText } from '../../lib/api/problem'
import type { Webhook, WebhookKey } from '../../lib/api/types'
import { CopyBlock } from '../../ui/copy'
import { Dialog } from '../../ui/dialog'
import { FormProblem } from '../../ui/form-problem'
import { KeyIcon } from '../../ui/icons'
import { Moment } from '../../ui/moment'
import { Row, Rows } from '../../ui/rows'
import { Section } from '../../ui/section'
import { ActionButton } from '../access/action-button'
import { useRotateKey } from './queries'
import { SecretOnce } from './secret-once'
import { overlaps, signingWords } from './webhook-words'
import type { WriteRight } from './write-right'

/** What its deliveries are signed with. */
export function KeysSection({ webhook, write }: { webhook: Webhook; write: WriteRight }) {
  const [isRotating, setRotating] = useState(false)
  return (
    <Section
      title="Keys"
      actions={
        <ActionButton
          {...write}
          variant="default"
          size="xs"
          leftSection={<KeyIcon size={14} />}
          onClick={() => setRotating(true)}
        >
          Change the key…
        </ActionButton>
      }
    >
      <Rows label="Keys">
        {webhook.keys.map((key) => (
          <Row key={key.number}>
            <KeyRow webhookKey={key} />
          </Row>
        ))}
      </Rows>
      {isRotating && <RotateDialog webhook={webhook} onClose={() => setRotating(false)} />}
    </Section>
  )
}

function KeyRow({
  webhookKey: { number, signing, public_key, created_at, expires_at },
}: {
  webhookKey: WebhookKey
}) {
  return (
    <>
      <Text fw={600}>Key {number}</Text>
      <Text size="sm">{signingWords[signing]}</Text>
      <Text size="sm" c="dimmed">
        made <Moment at={created_at} />
        {expires_at && (
          <>
            {' '}
            · signs beside the newer one, ends <Moment at={expires_at} />
          </>
        )}
      </Text>
      {public_key && <CopyBlock text={public_key} label={`Public key ${number}`} />}
    </>
  )
}

function RotateDialog({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  const [overlap, setOverlap] = useState('24h')
  const rotate = useRotateKey(webhook)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    rotate.mutate(overlap)
  }
  if (rotate.data?.secret) {
    return (
      // A secret that was not copied yet cannot be shown again.
      <Dialog key="told" onClose={onClose} title="The new key" closeOnClickOutside={false}>
        <Stack>
          <SecretOnce webhook={rotate.data} secret={rotate.data.secret} />
          <Group justify="flex-end">
            <Button data-autofocus onClick={onClose}>
              I have copied it
            </Button>
          </Group>
        </Stack>
      </Dialog>
    )
  }
  return (
    <Dialog onClose={onClose} title="Change the key">
      <form onSubmit={submit}>
        <Stack>
          <Text size="sm">
            A new key signs from now on. The older one signs beside it for a while, so that receivers can be
            changed without losing anything.
          </Text>
          <Select
            data-autofocus
            label="The older one signs too for"
            data={overlaps}
            allowDeselect={false}
            value={overlap}
            onChange={(chosen) => setOverlap(chosen ?? '24h')}
          />
          <FormProblem text={rotate.error && problemText(rotate.error)} error={rotate.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={rotate.isPending}>
              Change the key
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  )
}
