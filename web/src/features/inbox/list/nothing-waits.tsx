import { useQuery } from '@tanstack/react-query'
import { usePagedList } from '../../../lib/api/pages'
import { NothingHere } from '../../../ui/answers'
import { CircleCheckIcon, InboxIcon } from '../../../ui/icons'
import { ButtonLink } from '../../../ui/links'
import { Moment } from '../../../ui/moment'
import { useMay } from '../../access/queries'
import { itemTypeList } from '../../item-types/queries'
import { lastResolved } from '../item-words'
import { lastClosed } from '../queries'
import { type InboxSearch, isFiltered } from '../search'

/** An empty list, with the proof that it is calm and not broken. */
export function NothingWaits({ search }: { search: InboxSearch }) {
  if (isFiltered(search)) {
    return (
      <NothingHere
        icon={InboxIcon}
        title="Nothing is found here"
        action={
          <ButtonLink to="/inbox" search={search.queue ? { queue: search.queue } : {}} variant="default">
            Without the filters
          </ButtonLink>
        }
      >
        No item is both in this list and what the filters ask for.
      </NothingHere>
    )
  }
  if (search.queue === 'closed') {
    return (
      <NothingHere icon={InboxIcon} title="Nothing is over yet">
        What was decided, taken back or not decided in time is kept here.
      </NothingHere>
    )
  }
  return <NothingOpen isAll={search.queue === undefined || search.queue === 'open'} />
}

function NothingOpen({ isAll }: { isAll: boolean }) {
  const { data } = useQuery(lastClosed())
  const last = data && lastResolved(data.items)
  if (data && data.items.length === 0) return <NothingYet />
  return (
    <NothingHere icon={CircleCheckIcon} title={isAll ? 'Nothing waits' : 'Nothing here'}>
      {last ? (
        <>
          Last item resolved <Moment at={last} />.
        </>
      ) : (
        'New items appear here by themselves.'
      )}
    </NothingHere>
  )
}

/** Nothing was ever decided here: how it begins. */
function NothingYet() {
  const may = useMay()
  return may('item-types.read') ? <FirstSteps /> : <Waiting />
}

function FirstSteps() {
  const may = useMay()
  const { items } = usePagedList(itemTypeList())
  if (!items || items.length > 0) return <Waiting />
  return (
    <NothingHere
      icon={InboxIcon}
      title="Nothing waits"
      action={may('item-types.write') && <ButtonLink to="/item-types/new">Make an item type</ButtonLink>}
    >
      Applications post items here, and people decide over them. An item type says what an item holds and how
      it may be resolved; there is none yet.
    </NothingHere>
  )
}

function Waiting() {
  return (
    <NothingHere icon={InboxIcon} title="Nothing waits">
      Applications post items, and they appear here by themselves. None was decided yet.
    </NothingHere>
  )
}
