import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Webhook } from '../../lib/api/types'
import { Failed, LoadingRows } from '../../ui/answers'
import { Confirm } from '../../ui/confirm'
import { CopyBlock } from '../../ui/copy'
import { PenIcon, TrashIcon } from '../../ui/icons'
import { ButtonLink, TextLink } from '../../ui/links'
import { ExactMoment, Moment, Since } from '../../ui/moment'
import { Page } from '../../ui/page'
import { FactList } from '../../ui/rows'
import { Section } from '../../ui/section'
import { Tag } from '../../ui/tag'
import { ActionButton, RefusedButton } from '../access/action-button'
import { useMay } from '../access/queries'
import { DeliveriesSection } from './deliveries-section'
import { KeysSection } from './keys-section'
import { type ReadWebhook, useRemoveWebhook, webhookDetail } from './queries'
import { TroubleNotice } from './trouble-notice'
import { bodyWords, purposeWords, stateWords } from './webhook-words'

const route = getRouteApi('/in/webhooks/$webhook')

/** One webhook: what it does, whether it gets through, and what it has delivered. */
export function WebhookPage() {
  const { webhook: id } = route.useParams()
  const query = useQuery(webhookDetail(id))
  if (query.data) return <WebhookView read={query.data} />
  return (
    <Page title="Webhook">
      {query.isError ? <Failed error={query.error} onRetry={() => void query.refetch()} /> : <LoadingRows />}
    </Page>
  )
}

function WebhookView({ read }: { read: ReadWebhook }) {
  const { webhook } = read
  const may = useMay()
  const navigate = useNavigate()
  const search = route.useSearch()
  const [isRemoving, setRemoving] = useState(false)
  const write = { may: may('webhooks.write'), why: { verb: 'webhooks.write' } }
  const { words, tone } = stateWords[webhook.state]
  return (
    <Page
      title={webhook.name}
      before={
        <TextLink to="/webhooks" size="sm">
          Webhooks
        </TextLink>
      }
      beside={<Tag tone={tone}>{words}</Tag>}
      actions={
        write.may ? (
          <ButtonLink to="/webhooks/$webhook/edit" params={{ webhook: webhook.id }} {...edit} />
        ) : (
          <RefusedButton why={write.why} {...edit} />
        )
      }
    >
      <TroubleNotice read={read} write={write} />
      <FactList facts={factsOf(webhook)} />
      {webhook.inbound_url && (
        <Section title="Posts to it">
          <Text size="sm" mb="xs">
            What is posted here, signed with its key, becomes items of the type {webhook.spec.inbound?.type}.
          </Text>
          <CopyBlock text={webhook.inbound_url} label="The address for posts" />
        </Section>
      )}
      <KeysSection webhook={webhook} write={write} />
      {webhook.spec.url && <DeliveriesSection webhook={webhook} search={search} write={write} />}
      <Section title="Remove">
        <Text size="sm" c="dimmed" mb="sm">
          Nothing is delivered any more, also what waits, and its address takes in nothing.
        </Text>
        <ActionButton
          {...write}
          variant="default"
          leftSection={<TrashIcon size={15} />}
          onClick={() => setRemoving(true)}
        >
          Remove this webhook
        </ActionButton>
      </Section>
      {isRemoving && (
        <RemoveWebhookDialog
          webhook={webhook}
          onClose={() => setRemoving(false)}
          onRemoved={() => void navigate({ to: '/webhooks' })}
        />
      )}
    </Page>
  )
}

const edit = { variant: 'default', leftSection: <PenIcon size={15} />, children: 'Edit' }

function factsOf(webhook: Webhook) {
  const { spec } = webhook
  const facts = [
    { name: 'What it does', value: purposeWords(webhook) },
    { name: 'Address', value: spec.url ?? '' },
    { name: 'What is posted', value: spec.url ? bodyWords[spec.body ?? 'full'] : '' },
    {
      name: 'Last delivered',
      value: webhook.last_success_at ? <Moment at={webhook.last_success_at} /> : 'nothing yet',
    },
    { name: 'Failing for', value: webhook.failing_since ? <Since at={webhook.failing_since} /> : '' },
    { name: 'Waiting deliveries', value: webhook.waiting_count > 0 ? String(webhook.waiting_count) : '' },
    { name: 'Made', value: <ExactMoment at={webhook.created_at} /> },
    {
      name: 'Changed',
      value: (
        <>
          <Moment at={webhook.updated_at} /> by {webhook.updated_by}
        </>
      ),
    },
  ]
  return facts.filter(({ value }) => value !== '')
}

interface RemoveWebhookProps {
  webhook: Webhook
  onRemoved: () => void
  onClose: () => void
}

function RemoveWebhookDialog({ webhook, onRemoved, onClose }: RemoveWebhookProps) {
  const remove = useRemoveWebhook(webhook, onRemoved)
  return (
    <Confirm
      title="Remove this webhook?"
      button={`Remove ${webhook.name}`}
      isPending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <Text size="sm">“{webhook.name}” is told nothing any more, and its keys are gone.</Text>
    </Confirm>
  )
}
