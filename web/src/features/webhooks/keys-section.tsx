import { Group, Text } from '@mantine/core'
import { useState } from 'react'
import type { Webhook, WebhookKey } from '../../lib/api/types'
import { CopyBlock } from '../../ui/copy'
import { KeyIcon } from '../../ui/icons'
import { Moment } from '../../ui/moment'
import { Row, Rows } from '../../ui/rows'
import { Section } from '../../ui/section'
import { Tag } from '../../ui/tag'
import { ActionButton } from '../access/action-button'
import { RotateDialog } from './rotate-dialog'
import { keyWords } from './webhook-words'
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

function KeyRow({ webhookKey }: { webhookKey: WebhookKey }) {
  const { number, public_key, imported, created_at, expires_at } = webhookKey
  return (
    <>
      <Group gap="xs">
        <Text fw={600}>Key {number}</Text>
        {imported && <Tag>the application’s own</Tag>}
      </Group>
      <Text size="sm">{keyWords(webhookKey)}</Text>
      <Text size="sm" c="dimmed">
        {imported ? 'added' : 'made'} <Moment at={created_at} />
        {expires_at && (
          <>
            {' '}
            · {imported ? 'holds' : 'signs'} beside the newer one, ends <Moment at={expires_at} />
          </>
        )}
      </Text>
      {public_key && <CopyBlock text={public_key} label={`Public key ${number}`} />}
    </>
  )
}
