import { Stack, Text } from '@mantine/core'
import type { Webhook } from '../../lib/api/types'
import { CopyBlock } from '../../ui/copy'
import { CodeText } from '../../ui/text'

/** What receivers verify with, shown this once where it is a secret. */
export function SecretOnce({ webhook, secret }: { webhook: Webhook; secret: string }) {
  const isPublic = secret.startsWith('whpk_')
  return (
    <Stack>
      <Text size="sm" role="status">
        {isPublic
          ? `Receivers verify what “${webhook.name}” sends with this public key.`
          : `This is the only time that the secret of “${webhook.name}” is shown. Copy it now and keep it safe.`}
      </Text>
      <CopyBlock text={secret} label={isPublic ? 'The public key' : 'The new secret'} />
      <Text size="sm" c="dimmed">
        <CodeText>
          {
            'Deliveries carry `webhook-id`, `webhook-timestamp` and `webhook-signature`, as Standard Webhooks says: any of its libraries verifies them.'
          }
        </CodeText>
      </Text>
      {webhook.inbound_url && (
        <>
          <Text size="sm">Posts that are signed with it are taken in here:</Text>
          <CopyBlock text={webhook.inbound_url} label="The address for posts" />
        </>
      )}
    </Stack>
  )
}
