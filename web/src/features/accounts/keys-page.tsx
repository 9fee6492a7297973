import { Button } from '@mantine/core'
import { useState } from 'react'
import { usePagedList } from '../../lib/api/pages'
import type { ApiKey } from '../../lib/api/types'
import { ListAnswer, LoadMore, NothingHere } from '../../ui/answers'
import { KeyIcon, PlusIcon } from '../../ui/icons'
import { Page } from '../../ui/page'
import { Row, Rows } from '../../ui/rows'
import { CreateKeyDialog } from './create-key'
import { KeyRow } from './key-row'
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
