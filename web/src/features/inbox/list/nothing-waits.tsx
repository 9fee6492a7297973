import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { ComponentProps } from 'react'
import { usePagedList } from '../../../lib/api/pages'
import { LoadMore, NothingHere } from '../../../ui/answers'
import { CircleCheckIcon, InboxIcon, SearchIcon } from '../../../ui/icons'
import { ButtonLink } from '../../../ui/links'
import { Moment } from '../../../ui/moment'
import { useMay } from '../../access/queries'
import { itemTypeList } from '../../item-types/queries'
import { lastResolved } from '../item-words'
import { lastClosed } from '../queries'
import { type InboxSearch, isFiltered, isOfOpen, queueWords, withClosed } from '../search'

interface NothingWaitsProps {
  search: InboxSearch
  query: ComponentProps<typeof LoadMore>['query']
}

/** An empty list, with the proof that it is calm and not broken. */
export function NothingWaits({ search, query }: NothingWaitsProps) {
  if (query.hasNextPage) return <NothingSoFar query={query} />
  if (search.q) return <NothingFound search={search} />
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

/** The server has looked at as many items as it does at a time, and none of them was it. */
function NothingSoFar({ query }: Pick<NothingWaitsProps, 'query'>) {
  return (
    <div role="status">
      <NothingHere
        icon={SearchIcon}
        title="Nothing is found so far"
        action={<LoadMore query={query} what="items" />}
      >
        There are many items, and not all of them were looked at.
      </NothingHere>
    </div>
  )
}

function NothingFound({ search }: { search: InboxSearch }) {
  const navigate = useNavigate()
  const closedToo = () => void navigate({ to: '.', search: () => withClosed(search), replace: true })
  const isOpenOnly = isOfOpen(search)
  return (
    <div role="status">
      <NothingHere
        icon={SearchIcon}
        title="Nothing is found"
        action={
          isOpenOnly && (
            <Button variant="default" onClick={closedToo}>
              Search closed items too
            </Button>
          )
        }
      >
        {isOpenOnly
          ? `No open item in “${queueWords[search.queue ?? 'needs_me']}” has all of these words.`
          : 'No item in this list has all of these words.'}
        {isFiltered({ ...search, q: undefined, state: undefined }) && ' The other filters hold as well.'}
      </NothingHere>
    </div>
  )
}

function NothingOpen({ isAll }: { isAll: boolean }) {
  const { data } = useQuery(lastClosed())
  const last = data && lastResolved(data.items)
  // Of a part of the items it says nothing that there are none in it.
  if (isAll && data && data.items.length === 0) return <NothingYet />
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
