import { Stack, Text } from '@mantine/core'
import { usePagedList } from '../../lib/api/pages'
import type { Webhook } from '../../lib/api/types'
import { count } from '../../lib/words'
import { ListAnswer, LoadMore, NothingHere } from '../../ui/answers'
import { CopyBlock } from '../../ui/copy'
import { PlusIcon, WebhookIcon } from '../../ui/icons'
import { ButtonLink } from '../../ui/links'
import { Moment, Since } from '../../ui/moment'
import { Page } from '../../ui/page'
import { Row, RowLink, Rows } from '../../ui/rows'
import { Tag } from '../../ui/tag'
import { RefusedButton } from '../access/action-button'
import { useMay } from '../access/queries'
import classes from './list-page.module.css'
import { webhookList } from './queries'
import { purposeWords, stateWords } from './webhook-words'

/** The organization's webhooks. */
export function WebhooksPage() {
  const { query, items } = usePagedList(webhookList())
  return (
    <Page title="Webhooks" actions={<NewWebhook />}>
      <ListAnswer query={query} items={items} empty={<NoWebhooks />}>
        {(webhooks) => (
          <>
            <Rows label="Webhooks">
              {webhooks.map((webhook) => (
                <Row key={webhook.id}>
                  <WebhookRow webhook={webhook} />
                </Row>
              ))}
            </Rows>
            <LoadMore query={query} what="webhooks" />
          </>
        )}
      </ListAnswer>
    </Page>
  )
}

function WebhookRow({ webhook }: { webhook: Webhook }) {
  const { words, tone } = stateWords[webhook.state]
  return (
    <>
      <div className={classes.line}>
        <RowLink to="/webhooks/$webhook" params={{ webhook: webhook.id }}>
          {webhook.name}
        </RowLink>
        <Tag tone={tone}>{words}</Tag>
      </div>
      <Text size="sm" className={classes.words}>
        {purposeWords(webhook)}
      </Text>
      <Text size="sm" c="dimmed">
        {webhook.failing_since ? (
          <>
            failing for <Since at={webhook.failing_since} />
          </>
        ) : webhook.last_success_at ? (
          <>
            last delivered <Moment at={webhook.last_success_at} />
          </>
        ) : (
          'nothing delivered yet'
        )}
        {webhook.waiting_count > 0 &&
          ` · ${count(webhook.waiting_count, 'delivery waits', 'deliveries wait')}`}
      </Text>
    </>
  )
}

function NewWebhook() {
  const may = useMay()
  const button = { leftSection: <PlusIcon size={16} />, children: 'New webhook' }
  if (may('webhooks.write')) return <ButtonLink to="/webhooks/new" {...button} />
  return <RefusedButton why={{ verb: 'webhooks.write' }} {...button} />
}

function NoWebhooks() {
  return (
    <NothingHere icon={WebhookIcon} title="No webhooks yet" action={<NewWebhook />}>
      <Stack gap="sm">
        <div>
          A webhook tells an application, signed, what happens to items, and it may make items of what others
          post to it. Make one here, or with the command line:
        </div>
        <CopyBlock
          text="taskey webhooks create --url https://shop.example/hooks/taskey"
          label="Command that makes a webhook"
        />
      </Stack>
    </NothingHere>
  )
}
