import type { AssignItem, Item } from '../../../lib/api/types'
import { tell } from '../../../ui/toast'
import { useAssignItem } from '../queries'

interface Claim {
  label: string
  done: string
  body: AssignItem
}

/** What one press does with whose an item is: take it, take it over, or hand it back. It holds only while it is still so. */
export function claimOf({ assignee }: Pick<Item, 'assignee'>, me: string): Claim {
  if (!assignee)
    return { label: 'Claim it', done: 'It is yours', body: { assignee: 'me', instead_of: 'nobody' } }
  if (assignee.id === me) {
    return { label: 'Hand it to nobody', done: 'It is nobody’s', body: { assignee: null, instead_of: me } }
  }
  return {
    label: `Take it over from ${assignee.name}`,
    done: 'It is yours',
    body: { assignee: 'me', instead_of: assignee.id },
  }
}

export function useClaim(item: Item, me: string) {
  const assign = useAssignItem(item)
  const run = () => {
    if (assign.isPending) return
    const { body, done } = claimOf(item, me)
    assign.mutate(body, { onSuccess: () => tell(done) })
  }
  return { run, isPending: assign.isPending, error: assign.error }
}
