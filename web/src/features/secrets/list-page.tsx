import { Button, Group, Text } from '@mantine/core'
import { useState } from 'react'
import { usePagedList } from '../../lib/api/pages'
import type { Secret } from '../../lib/api/types'
import { ListAnswer, LoadMore, NothingHere } from '../../ui/answers'
import { PlusIcon, SecretIcon, TrashIcon } from '../../ui/icons'
import { Moment } from '../../ui/moment'
import { Page } from '../../ui/page'
import { Row, Rows } from '../../ui/rows'
import { ActionButton } from '../access/action-button'
import { useMay } from '../access/queries'
import classes from './list-page.module.css'
import { secretList } from './queries'
import { RemoveSecretDialog } from './remove-secret'
import { SetSecretDialog } from './set-secret'

/** Values that tasks use and nobody reads back. */
export function SecretsPage() {
  const may = useMay()
  const { query, items } = usePagedList(secretList())
  const [setting, setSetting] = useState<{ name?: string } | null>(null)
  const [removing, setRemoving] = useState<Secret | null>(null)
  const add = (
    <ActionButton
      may={may('secrets.write')}
      why={{ verb: 'secrets.write' }}
      leftSection={<PlusIcon size={16} />}
      onClick={() => setSetting({})}
    >
      Set a secret
    </ActionButton>
  )
  return (
    <Page title="Secrets" actions={add}>
      <ListAnswer
        query={query}
        items={items}
        empty={
          <NothingHere icon={SecretIcon} title="No secrets yet">
            A task names a secret where it would write a password or a token. Devices get the value sealed and
            hide it in all output; nobody reads it back, not here either.
          </NothingHere>
        }
      >
        {(secrets) => (
          <>
            <Rows label="Secrets">
              {secrets.map((secret) => (
                <Row key={secret.id}>
                  <SecretRow
                    secret={secret}
                    mayWrite={may('secrets.write')}
                    onSet={() => setSetting({ name: secret.name })}
                    onRemove={() => setRemoving(secret)}
                  />
                </Row>
              ))}
            </Rows>
            <LoadMore query={query} what="secrets" />
          </>
        )}
      </ListAnswer>
      {setting && <SetSecretDialog name={setting.name} onClose={() => setSetting(null)} />}
      {removing && <RemoveSecretDialog secret={removing} onClose={() => setRemoving(null)} />}
    </Page>
  )
}

interface SecretRowProps {
  secret: Secret
  mayWrite: boolean
  onSet: () => void
  onRemove: () => void
}

function SecretRow({ secret, mayWrite, onSet, onRemove }: SecretRowProps) {
  return (
    <Group justify="space-between" align="flex-start">
      <div className={classes.words}>
        <Text fw={600}>{secret.name}</Text>
        <Text size="sm" c="dimmed">
          Version {secret.version} · set <Moment at={secret.updated_at} /> by {secret.updated_by}
        </Text>
      </div>
      {mayWrite && (
        <Group gap="xs" wrap="nowrap" flex="none">
          <Button
            variant="default"
            size="xs"
            aria-label={`Set a new value for ${secret.name}`}
            onClick={onSet}
          >
            New value
          </Button>
          <Button
            variant="default"
            size="xs"
            leftSection={<TrashIcon size={14} />}
            aria-label={`Remove ${secret.name}`}
            onClick={onRemove}
          >
            Remove
          </Button>
        </Group>
      )}
    </Group>
  )
}
