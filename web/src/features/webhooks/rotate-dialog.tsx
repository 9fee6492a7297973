import { Button, Group, PasswordInput, Radio, Select, Stack, Text } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { fieldProblems } from '../../lib/api/problem'
import type { Webhook } from '../../lib/api/types'
import { Dialog } from '../../ui/dialog'
import { FormProblem } from '../../ui/form-problem'
import { useRotateKey } from './queries'
import { type KeySource, rotationOf } from './rotation'
import { SecretOnce } from './secret-once'
import { overlaps, ownKeyHints, ownKeyTold } from './webhook-words'

interface RotateDialogProps {
  webhook: Webhook
  onClose: () => void
}

const sourceWords: Record<KeySource, string> = {
  new: 'A new key signs from now on. The older one signs beside it for a while, so that receivers can be changed without losing anything.',
  own: 'For an application that signs with a key of its own already. The older one holds beside it for a while, so that nothing is lost.',
}

/** Makes the next key and tells it once, or takes the one that an application has. */
export function RotateDialog({ webhook, onClose }: RotateDialogProps) {
  const [source, setSource] = useState<KeySource>('new')
  const [typed, setTyped] = useState('')
  const [isMissing, setMissing] = useState(false)
  const [overlap, setOverlap] = useState('24h')
  const rotate = useRotateKey(webhook)
  const problems = fieldProblems(rotate.error, (pointer) => (pointer === '/secret' ? 'secret' : null))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const rotation = rotationOf({ source, typed, overlap })
    setMissing(!rotation)
    if (rotation) rotate.mutate(rotation)
  }
  if (rotate.data) return <Told webhook={rotate.data} onClose={onClose} />
  return (
    <Dialog onClose={onClose} title="Change the key">
      <form onSubmit={submit}>
        <Stack>
          <Radio.Group label="Which key" value={source} onChange={(chosen) => setSource(chosen as KeySource)}>
            <Stack gap="xs" mt="xs">
              <Radio value="new" label="Make a new key" data-autofocus />
              <Radio value="own" label="Use the application’s own key" />
            </Stack>
          </Radio.Group>
          <Text size="sm">{sourceWords[source]}</Text>
          {source === 'own' && (
            <PasswordInput
              label="Key of the application"
              description={ownKeyHints[webhook.spec.signing ?? 'hmac']}
              autoComplete="off"
              spellCheck={false}
              visibilityToggleButtonProps={{ 'aria-label': 'Show what is typed' }}
              value={typed}
              error={isMissing ? 'Paste the key.' : problems.fields.secret}
              onChange={(event) => setTyped(event.currentTarget.value)}
            />
          )}
          <Select
            label="The older one signs too for"
            data={overlaps}
            allowDeselect={false}
            value={overlap}
            onChange={(chosen) => setOverlap(chosen ?? '24h')}
          />
          <FormProblem text={problems.rest} error={rotate.error} />
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

function Told({ webhook, onClose }: RotateDialogProps) {
  if (!webhook.secret) {
    return (
      <Dialog onClose={onClose} title="Change the key">
        <Stack>
          <Text role="status">{ownKeyTold(webhook)}</Text>
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
    // A secret that was not copied yet cannot be shown again.
    <Dialog onClose={onClose} title="The new key" closeOnClickOutside={false}>
      <Stack>
        <SecretOnce webhook={webhook} secret={webhook.secret} />
        <Group justify="flex-end">
          <Button data-autofocus onClick={onClose}>
            I have copied it
          </Button>
        </Group>
      </Stack>
    </Dialog>
  )
}
