import { Alert, Button, Group, Stack } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, type ReactNode, useEffect, useMemo, useRef, useState } from 'react'
import { idempotencyKey } from '../../../lib/api/client'
import type { Webhook } from '../../../lib/api/types'
import { LeaveGuard } from '../../../ui/leave-guard'
import { ButtonLink, TextLink } from '../../../ui/links'
import { Page } from '../../../ui/page'
import type { useSaveWebhook } from '../queries'
import { SecretOnce } from '../secret-once'
import { WebhookFields } from './webhook-fields'
import { noProblems, problemsOf, specOf, type WebhookForm, type WebhookProblems } from './webhook-form'

interface WebhookEditorProps {
  title: string
  /** The webhook that is replaced; without it a new one is made. */
  webhook?: Webhook
  start: WebhookForm
  save: ReturnType<typeof useSaveWebhook>
  saveLabel: string
  /** What is said while someone else's version is newer. */
  conflict?: ReactNode
}

/** A webhook that is written; a new one tells its secret at the end. */
export function WebhookEditor({ title, webhook, start, save, saveLabel, conflict }: WebhookEditorProps) {
  const navigate = useNavigate()
  const [form, setForm] = useState(start)
  const [problems, setProblems] = useState<WebhookProblems>(noProblems)
  const body = useRef<HTMLFormElement>(null)
  const isSaved = useRef(false)
  // One key for one content: a second press makes the same webhook, a changed form another.
  // biome-ignore lint/correctness/useExhaustiveDependencies: a changed form is another webhook
  const key = useMemo(idempotencyKey, [form])

  useEffect(() => {
    if (problems === noProblems) return
    body.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
  }, [problems])

  const show = (saved: Webhook) => void navigate({ to: '/webhooks/$webhook', params: { webhook: saved.id } })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate(
      { spec: specOf(form), key },
      {
        onSuccess: (saved) => {
          isSaved.current = true
          if (!saved.secret) show(saved)
        },
        onError: (error) => setProblems(problemsOf(error)),
      },
    )
  }
  if (save.data?.secret) {
    const made = save.data
    return (
      <Page key="made" title={`${made.name} is made`}>
        <Stack maw={680}>
          <SecretOnce webhook={made} secret={save.data.secret} />
          <Group justify="flex-end">
            <Button onClick={() => show(made)}>I have copied it</Button>
          </Group>
        </Stack>
      </Page>
    )
  }
  return (
    <Page title={title} before={<WayBack webhook={webhook} />}>
      <form noValidate onSubmit={submit} ref={body}>
        <Stack>
          {conflict}
          {problems.rest.length > 0 && (
            <Alert color="red" role="alert">
              {problems.rest.join('; ')}
            </Alert>
          )}
          <WebhookFields
            form={form}
            problems={problems.at}
            hasKey={webhook !== undefined}
            onChange={(changed) => setForm((known) => ({ ...known, ...changed }))}
          />
          <Group justify="flex-end">
            {webhook ? (
              <ButtonLink variant="default" to="/webhooks/$webhook" params={{ webhook: webhook.id }}>
                Cancel
              </ButtonLink>
            ) : (
              <ButtonLink variant="default" to="/webhooks">
                Cancel
              </ButtonLink>
            )}
            <Button type="submit" loading={save.isPending}>
              {saveLabel}
            </Button>
          </Group>
        </Stack>
      </form>
      <LeaveGuard what="webhook" isNeeded={() => !isSaved.current && hasChanged(form, start)} />
    </Page>
  )
}

function WayBack({ webhook }: { webhook?: Webhook }) {
  if (!webhook) {
    return (
      <TextLink to="/webhooks" size="sm">
        Webhooks
      </TextLink>
    )
  }
  return (
    <TextLink to="/webhooks/$webhook" params={{ webhook: webhook.id }} size="sm">
      {webhook.name}
    </TextLink>
  )
}

function hasChanged(form: WebhookForm, start: WebhookForm): boolean {
  return JSON.stringify(specOf(form)) !== JSON.stringify(specOf(start))
}
