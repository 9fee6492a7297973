import { Button, Group, Text } from '@mantine/core'
import { useState } from 'react'
import { usePagedList } from '../../lib/api/pages'
import type { ApiKey } from '../../lib/api/types'
import { ListAnswer, LoadMore, NothingHere } from '../../ui/answers'
import { KeyIcon, PlusIcon, TrashIcon } from '../../ui/icons'
import { Moment } from '../../ui/moment'
import { Page } from '../../ui/page'
import { Row, Rows } from '../../ui/rows'
import { CreateKeyDialog } from './create-key'
import classes from './keys-page.module.css'
import { keyList } from './queries'
import { RemoveKeyDialog } from './remove-key'

/** The keys with which scripts and programs sign in. */
export function KeysPage() {
  const { query, items } = usePagedList(keyList())
  const [isCreating, setCreating] = useState(false)
  const [removing, setRemoving] = useState<ApiKey | null>(null)
  const create = (
    <Button leftSection={<PlusIcon size={16} />} onClick={() => setCreating(true)}>
      Create a key
    </Button>
  )
  return (
    <Page title="API keys" actions={create}>
      <ListAnswer
        query={query}
        items={items}
        empty={
          <NothingHere icon={KeyIcon} title="No API keys yet">
            A key lets a script or the command line act for you. Send it as “Authorization: Bearer KEY”.
          </NothingHere>
        }
      >
        {(keys) => (
          <>
            <Rows label="API keys">
              {keys.map((key) => (
                <Row key={key.id}>
                  <KeyRow apiKey={key} onRemove={() => setRemoving(key)} />
                </Row>
              ))}
            </Rows>
            <LoadMore query={query} what="keys" />
          </>
        )}
      </ListAnswer>
      {isCreating && <CreateKeyDialog onClose={() => setCreating(false)} />}
      {removing && <RemoveKeyDialog apiKey={removing} onClose={() => setRemoving(null)} />}
    </Page>
  )
}

function KeyRow({ apiKey, onRemove }: { apiKey: ApiKey; onRemove: () => void }) {
  return (
    <Group justify="space-between" wrap="nowrap" align="flex-start">
      <div className={classes.words}>
        <Text fw={600}>{apiKey.name}</Text>
        <Text size="sm" c="dimmed">
          {apiKey.scopes.length > 0 ? `May ${apiKey.scopes.join(', ')}` : `May all that ${apiKey.owner} may`}
        </Text>
        <Text size="sm" c="dimmed">
          Created <Moment at={apiKey.created_at} /> by {apiKey.owner}
          {' · '}
          {apiKey.last_used_at ? (
            <>
              used <Moment at={apiKey.last_used_at} />
            </>
          ) : (
            'never used'
          )}
          {' · '}
          {apiKey.expires_at ? (
            <>
              expires <Moment at={apiKey.expires_at} />
            </>
          ) : (
            'does not expire'
          )}
        </Text>
      </div>
      <Button
        variant="default"
        size="xs"
        flex="none"
        leftSection={<TrashIcon size={14} />}
        aria-label={`Remove ${apiKey.name}`}
        onClick={onRemove}
      >
        Remove
      </Button>
    </Group>
  )
}
