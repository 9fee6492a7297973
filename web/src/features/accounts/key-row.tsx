import { Button, Group, Text } from '@mantine/core'
import type { ApiKey } from '../../lib/api/types'
import { TrashIcon } from '../../ui/icons'
import { Moment } from '../../ui/moment'
import { Tag } from '../../ui/tag'
import classes from './keys-page.module.css'

interface KeyRowProps {
  apiKey: ApiKey
  onRemove: () => void
}

/** One key: what it may do and from where, whose it is, and whether it is in use. */
export function KeyRow({ apiKey, onRemove }: KeyRowProps) {
  return (
    <Group justify="space-between" wrap="nowrap" align="flex-start">
      <div className={classes.words}>
        <Group gap="xs">
          <Text fw={600}>{apiKey.name}</Text>
          {apiKey.configured && <Tag>from the settings</Tag>}
        </Group>
        <Text size="sm" c="dimmed">
          {apiKey.scopes.length > 0 ? `May ${apiKey.scopes.join(', ')}` : `May all that ${apiKey.owner} may`}
          {apiKey.addresses.length > 0 && ` · only from ${apiKey.addresses.join(', ')}`}
        </Text>
        <Text size="sm" c="dimmed">
          Created <Moment at={apiKey.created_at} />
          {apiKey.configured ? ' · of ' : ' by '}
          {apiKey.owner}
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
        {apiKey.configured && (
          <Text size="sm" c="dimmed">
            Written in the server's settings, and removed there.
          </Text>
        )}
      </div>
      {!apiKey.configured && (
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
      )}
    </Group>
  )
}
