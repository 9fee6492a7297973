import { Alert, Group, List, Text } from '@mantine/core'
import { useState } from 'react'
import { Failed } from '../../ui/answers'
import { RetryIcon, WarningIcon } from '../../ui/icons'
import { Since } from '../../ui/moment'
import { Notice } from '../../ui/notice'
import { CodeText } from '../../ui/text'
import { ActionButton } from '../access/action-button'
import { type ReadWebhook, useSaveWebhook } from './queries'
import { RecoverDialog } from './recover-dialog'
import classes from './trouble-notice.module.css'
import { givenUpSteps } from './webhook-words'
import type { WriteRight } from './write-right'

/** Says loudly that a webhook does not get through, and what to do about it. */
export function TroubleNotice({ read, write }: { read: ReadWebhook; write: WriteRight }) {
  const { webhook } = read
  if (webhook.state === 'given_up') return <GivenUp read={read} write={write} />
  if (webhook.state === 'disabled') {
    return (
      <Notice mb="md" title="It is disabled">
        <Text size="sm">
          {webhook.reason && <CodeText>{webhook.reason.detail}</CodeText>} Nothing is delivered until it is
          enabled again under Edit.
        </Text>
      </Notice>
    )
  }
  if (!webhook.failing_since) return null
  return (
    <Notice mb="md" title="The receiver does not take what it is sent">
      <Text size="sm">
        Every try has failed for <Since at={webhook.failing_since} />. They go on by themselves, less and less
        often; after some days it is given up.
      </Text>
    </Notice>
  )
}

function GivenUp({ read: { webhook, etag }, write }: { read: ReadWebhook; write: WriteRight }) {
  const [isRecovering, setRecovering] = useState(false)
  const save = useSaveWebhook({ id: webhook.id, etag })
  const again = () => save.mutate({ spec: { ...webhook.spec, disabled: false }, key: '' })
  return (
    <>
      <Alert
        role="alert"
        mb="md"
        color="red"
        icon={<WarningIcon />}
        title="It was given up: nothing is delivered any more"
        classNames={{ root: classes.given, title: classes.ink, icon: classes.ink }}
      >
        {webhook.reason && (
          <Text size="sm" mb="xs">
            <CodeText>{webhook.reason.detail}</CodeText>
          </Text>
        )}
        <List type="ordered" size="sm" mb="sm">
          {givenUpSteps.map((step) => (
            <List.Item key={step}>{step}</List.Item>
          ))}
        </List>
        <Group gap="xs">
          <ActionButton
            {...write}
            size="sm"
            leftSection={<RetryIcon size={15} />}
            loading={save.isPending}
            onClick={again}
          >
            Let it deliver again
          </ActionButton>
          {write.may && (
            <ActionButton {...write} size="sm" variant="default" onClick={() => setRecovering(true)}>
              Recover what it missed…
            </ActionButton>
          )}
        </Group>
        {save.error && <Failed error={save.error} />}
      </Alert>
      {isRecovering && (
        <RecoverDialog
          webhook={webhook}
          since={webhook.failing_since ?? undefined}
          onClose={() => setRecovering(false)}
        />
      )}
    </>
  )
}
