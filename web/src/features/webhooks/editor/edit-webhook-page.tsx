import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { ApiProblem } from '../../../lib/api/problem'
import { Failed, LoadingRows } from '../../../ui/answers'
import { Conflict } from '../../../ui/conflict'
import { Page } from '../../../ui/page'
import { type ReadWebhook, useSaveWebhook, webhookToEdit } from '../queries'
import { WebhookEditor } from './webhook-editor'
import { formOf } from './webhook-form'

const route = getRouteApi('/in/webhooks/$webhook/edit')

/** A webhook that is replaced. */
export function EditWebhookPage() {
  const { webhook: id } = route.useParams()
  const query = useQuery(webhookToEdit(id))
  if (query.data) return <EditWebhook key={id} newest={query.data} read={query.refetch} />
  return (
    <Page title="Edit a webhook">
      {query.isError ? <Failed error={query.error} onRetry={() => void query.refetch()} /> : <LoadingRows />}
    </Page>
  )
}

interface EditWebhookProps {
  /** As it is on the server, as far as we know. */
  newest: ReadWebhook
  /** Reads it again. */
  read: () => Promise<{ isSuccess: boolean; data: ReadWebhook | undefined }>
}

function EditWebhook({ newest, read }: EditWebhookProps) {
  const [{ webhook, start, key }, setOpened] = useState(() => opened(newest))
  const [etag, setEtag] = useState(newest.etag)
  const save = useSaveWebhook({ id: webhook.id, etag })
  const isOld = etag !== newest.etag && !save.isPending && !save.isSuccess
  const wasRefused = save.error instanceof ApiProblem && save.error.code === 'precondition_failed'

  const goOnFrom = async (decide: (now: ReadWebhook) => void) => {
    const { isSuccess, data } = await read()
    if (!isSuccess || !data) return
    save.reset()
    setEtag(data.etag)
    decide(data)
  }
  return (
    <WebhookEditor
      key={key}
      title={`Edit ${webhook.name}`}
      webhook={webhook}
      start={start}
      save={save}
      saveLabel="Save"
      conflict={
        (isOld || wasRefused) && (
          <Conflict
            what="webhook"
            onLoad={() => goOnFrom((now) => setOpened(opened(now)))}
            onKeep={() => goOnFrom(() => undefined)}
          />
        )
      }
    />
  )
}

/** A version that is being edited; with another one the editor begins anew. */
function opened({ webhook, etag }: ReadWebhook) {
  return { webhook, start: formOf({ ...webhook.spec, name: webhook.name }), key: etag }
}
