import { useSaveWebhook } from '../queries'
import { WebhookEditor } from './webhook-editor'
import { emptyForm } from './webhook-form'

/** A webhook that is not there yet. */
export function NewWebhookPage() {
  return (
    <WebhookEditor
      title="New webhook"
      start={emptyForm}
      save={useSaveWebhook()}
      saveLabel="Create the webhook"
    />
  )
}
