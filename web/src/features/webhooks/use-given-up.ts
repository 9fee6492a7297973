import { usePagedList } from '../../lib/api/pages'
import type { Webhook } from '../../lib/api/types'
import { useMay } from '../access/queries'
import { givenUpOf } from './given-up'
import { webhookList } from './queries'

/** The webhooks that were given up; none for who may not see webhooks, and nothing is asked for them. */
export function useGivenUp(): readonly Webhook[] {
  const maySee = useMay()('webhooks.read')
  const { items } = usePagedList({ ...webhookList(), enabled: maySee }, { whole: maySee })
  return maySee ? givenUpOf(items ?? []) : []
}
