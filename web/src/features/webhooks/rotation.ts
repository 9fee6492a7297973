import type { RotateWebhookKey } from '../../lib/api/types'

/** Which key comes next: one that is made, or the one that an application has already. */
export type KeySource = 'new' | 'own'

interface Rotation {
  source: KeySource
  /** The application's own key, as it was typed or pasted. */
  typed: string
  overlap: string
}

/** What is sent; null while the application's own key is missing. */
export function rotationOf({ source, typed, overlap }: Rotation): RotateWebhookKey | null {
  if (source === 'new') return { overlap }
  const secret = typed.trim()
  return secret ? { overlap, secret } : null
}
