import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { type Editing, EditPage, useEdited } from '../../../ui/edit-page'
import { type ReadWebhook, useSaveWebhook, webhookToEdit } from '../queries'
import { WebhookEditor } from './webhook-editor'
import { formOf } from './webhook-form'

const route = getRouteApi('/in/webhooks/$webhook/edit')

/** A webhook that is replaced. */
export function EditWebhookPage() {
  const { webhook: id } = route.useParams()
  const query = useQuery(webhookToEdit(id))
  return (
    <EditPage title="Edit a webhook" query={query}>
      {(editing) => <EditWebhook key={id} {...editing} />}
    </EditPage>
  )
}

function EditWebhook(editing: Editing<ReadWebhook>) {
  const { opened, etag, conflictOf } = useEdited(editing, startOf)
  const save = useSaveWebhook({ id: opened.webhook.id, etag })
  return (
    <WebhookEditor
      key={opened.etag}
      title={`Edit ${opened.webhook.name}`}
      webhook={opened.webhook}
      start={opened.start}
      save={save}
      saveLabel="Save"
      conflict={conflictOf('webhook', save)}
    />
  )
}

function startOf({ webhook }: ReadWebhook) {
  return formOf({ ...webhook.spec, name: webhook.name })
}
