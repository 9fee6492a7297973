import { Group, Select, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { usePagedList } from '../../lib/api/pages'
import type { Delivery, DeliveryAttempt, Webhook } from '../../lib/api/types'
import { Failed, ListAnswer, LoadingRows, LoadMore } from '../../ui/answers'
import { RetryIcon } from '../../ui/icons'
import { TextLink } from '../../ui/links'
import { ExactMoment, Moment } from '../../ui/moment'
import { Question } from '../../ui/question'
import { Row, Rows } from '../../ui/rows'
import { Section } from '../../ui/section'
import { Tag } from '../../ui/tag'
import { CodeText } from '../../ui/text'
import { ActionButton } from '../access/action-button'
import classes from './deliveries.module.css'
import { deliveryDetail, deliveryList, useResend } from './queries'
import { RecoverDialog } from './recover-dialog'
import { type DeliverySearch, deliveryStates, parseDeliverySearch } from './search'
import { attemptWords, deliveryWords, triesWords } from './webhook-words'
import type { WriteRight } from './write-right'

const route = getRouteApi('/in/webhooks/$webhook')

interface DeliveriesProps {
  webhook: Webhook
  search: DeliverySearch
  write: WriteRight
}

/** What a webhook has sent, or tries to, with the tries of each and what was answered. */
export function DeliveriesSection({ webhook, search, write }: DeliveriesProps) {
  const navigate = route.useNavigate()
  const { query, items } = usePagedList(deliveryList(webhook.id, search))
  const [isRecovering, setRecovering] = useState(false)
  return (
    <Section
      title="Deliveries"
      actions={
        <Group gap="xs">
          <Select
            aria-label="Show deliveries that are"
            size="xs"
            w={150}
            clearable
            clearButtonProps={{ 'aria-label': 'Show all deliveries' }}
            placeholder="All"
            data={deliveryStates.map((state) => ({ value: state, label: deliveryWords[state].words }))}
            value={search.state ?? null}
            onChange={(state) =>
              void navigate({ search: parseDeliverySearch({ state }), replace: true, resetScroll: false })
            }
          />
          <ActionButton {...write} size="xs" variant="default" onClick={() => setRecovering(true)}>
            Recover…
          </ActionButton>
        </Group>
      }
    >
      <ListAnswer query={query} items={items} empty={<None search={search} />}>
        {(deliveries) => (
          <>
            <Rows label="Deliveries">
              {deliveries.map((delivery) => (
                <Row key={delivery.id}>
                  <DeliveryRow delivery={delivery} write={write} />
                </Row>
              ))}
            </Rows>
            <LoadMore query={query} what="deliveries" />
          </>
        )}
      </ListAnswer>
      {isRecovering && (
        <RecoverDialog
          webhook={webhook}
          since={webhook.failing_since ?? undefined}
          onClose={() => setRecovering(false)}
        />
      )}
    </Section>
  )
}

function None({ search }: { search: DeliverySearch }) {
  return (
    <Text size="sm" c="dimmed">
      {search.state
        ? `None is ${deliveryWords[search.state].words}.`
        : 'Nothing has happened that it is told of.'}
    </Text>
  )
}

function DeliveryRow({ delivery, write }: { delivery: Delivery; write: WriteRight }) {
  const { words, tone } = deliveryWords[delivery.state]
  const resend = useResend(delivery.webhook)
  return (
    <>
      <div className={classes.line}>
        <span>
          <b>{delivery.event}</b> <Tag tone={tone}>{words}</Tag>
        </span>
        <ActionButton
          {...write}
          size="compact-sm"
          variant="default"
          leftSection={<RetryIcon size={13} />}
          loading={resend.isPending}
          aria-label={`Send again: ${delivery.event} of ${delivery.item}`}
          onClick={() => resend.mutate(delivery.id)}
        >
          Send again
        </ActionButton>
      </div>
      <div className={classes.facts}>
        <span>
          <Moment at={delivery.created_at} />
        </span>
        <TextLink
          underline="always"
          to="/inbox/$item"
          params={{ item: delivery.item }}
          search={{ queue: 'open' }}
        >
          {delivery.item}
        </TextLink>
        <span>{triesWords(delivery)}</span>
        {delivery.next_at && (
          <span>
            next <Moment at={delivery.next_at} />
          </span>
        )}
      </div>
      {delivery.reason && (
        <Text size="sm">
          <CodeText>{delivery.reason.detail}</CodeText>
        </Text>
      )}
      {resend.error && <Failed error={resend.error} />}
      <Question words="What was sent and answered?">
        <DeliveryDetails delivery={delivery} />
      </Question>
    </>
  )
}

function DeliveryDetails({ delivery: { id, webhook } }: { delivery: Delivery }) {
  const query = useQuery(deliveryDetail(webhook, id))
  if (!query.data) {
    return query.isError ? (
      <Failed error={query.error} onRetry={() => void query.refetch()} />
    ) : (
      <LoadingRows count={1} />
    )
  }
  const { attempts, body } = query.data
  return (
    <>
      <ol className={classes.attempts} aria-label="Tries">
        {(attempts ?? []).map((attempt) => (
          <li key={attempt.number}>
            <Attempt attempt={attempt} />
          </li>
        ))}
      </ol>
      {body && (
        <>
          <Text size="sm" c="dimmed">
            Body, as it would be posted now; <CodeText>{`\`webhook-id: ${id}\``}</CodeText>
          </Text>
          <pre className={classes.code} tabIndex={0} role="region" aria-label="Body">
            {JSON.stringify(body, null, 2)}
          </pre>
        </>
      )}
    </>
  )
}

function Attempt({ attempt }: { attempt: DeliveryAttempt }) {
  return (
    <>
      <b>{attempt.number}.</b> {attemptWords(attempt)} · <ExactMoment at={attempt.at} />
      {attempt.keys.length > 0 && ` · signed with key ${attempt.keys.join(' and ')}`}
      {attempt.response && (
        <pre
          className={classes.code}
          tabIndex={0}
          role="region"
          aria-label={`Answer to try ${attempt.number}`}
        >
          {attempt.response}
        </pre>
      )}
    </>
  )
}
