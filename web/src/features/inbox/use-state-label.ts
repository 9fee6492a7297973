import { usePagedList } from '../../lib/api/pages'
import type { Item } from '../../lib/api/types'
import { itemTypeList } from '../item-types/queries'

/** What the types call the states of their items; nothing for what they do not name, or while they are not read. */
export function useStateLabel(): (item: Pick<Item, 'type' | 'state'>) => string | undefined {
  // Who sees items sees their types.
  const { items } = usePagedList(itemTypeList(), { whole: true })
  return ({ type, state }) =>
    items?.find(({ id }) => id === type.id)?.spec.states?.[state]?.label ?? undefined
}
