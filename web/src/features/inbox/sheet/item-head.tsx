import { ActionIcon, Title } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import type { Item } from '../../../lib/api/types'
import { useNow } from '../../../lib/time/now'
import { someOf } from '../../../lib/words'
import { NextIcon, PreviousIcon } from '../../../ui/icons'
import { TextLink } from '../../../ui/links'
import { Moment } from '../../../ui/moment'
import { Tag } from '../../../ui/tag'
import { meDetail } from '../../accounts/queries'
import { dueWords, isSnoozed, neighbour, stateTag } from '../item-words'
import type { InboxSearch } from '../search'
import { takeFocusWish, useGoToItem } from '../use-go-to-item'
import { useListAround } from '../use-place'
import { useStateLabel } from '../use-state-label'
import classes from './item-head.module.css'

/** What an item is about, of which type, in which state, whose it is, and who looks at it. */
export function ItemHead({ item, search }: { item: Item; search: InboxSearch }) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    if (takeFocusWish()) heading.current?.focus({ preventScroll: true })
  }, [])
  return (
    <header>
      <Ways item={item} search={search} />
      <Title order={1} size="h2" id="item-title" ref={heading} tabIndex={-1} className={classes.title}>
        {item.title || 'Removed'}
      </Title>
      <Tags item={item} />
      <div className={classes.facts}>
        Posted <Moment at={item.created_at} /> by {item.created_by}
        {item.external_id && ` · ${item.external_id}`}
        {item.sheet && item.sheet.newest_version > item.type.version && (
          <>
            {' '}
            · made with version {item.type.version} of its type, which is at {item.sheet.newest_version} now
          </>
        )}
      </div>
      <Presence item={item} />
    </header>
  )
}

export function BackToList({ search }: { search: InboxSearch }) {
  return (
    <TextLink to="/inbox" search={search} activeOptions={{ exact: true }} size="sm" className={classes.back}>
      <PreviousIcon size={15} /> Inbox
    </TextLink>
  )
}

/** Back to the list, and to the neighbours. */
function Ways({ item, search }: { item: Item; search: InboxSearch }) {
  const { items, query, place } = useListAround(search, item.id)
  const goToItem = useGoToItem()
  const found = items?.findIndex(({ id }) => id === item.id) ?? -1
  const [previous, next] = ([-1, 1] as const).map((by) => neighbour(items ?? [], item.id, by, place))
  return (
    <div className={classes.ways}>
      <BackToList search={search} />
      {found >= 0 && (
        <span className={classes.place}>
          {found + 1} of {items?.length}
          {query.hasNextPage ? '+' : ''}
        </span>
      )}
      <ActionIcon
        variant="subtle"
        color="gray"
        size={40}
        ml={found >= 0 ? 0 : 'auto'}
        aria-label="Previous item"
        disabled={!previous}
        onClick={() => previous && goToItem(previous)}
      >
        <PreviousIcon />
      </ActionIcon>
      <ActionIcon
        variant="subtle"
        color="gray"
        size={40}
        aria-label="Next item"
        disabled={!next}
        onClick={() => next && goToItem(next)}
      >
        <NextIcon />
      </ActionIcon>
    </div>
  )
}

function Tags({ item }: { item: Item }) {
  const now = useNow()
  const state = stateTag(item, useStateLabel()(item))
  const due = dueWords(item, now)
  return (
    <div className={classes.tags}>
      <Tag>{item.type.name}</Tag>
      {state && <Tag tone={state.tone}>{state.words}</Tag>}
      {due && <Tag tone={due.isOver ? 'bad' : 'waiting'}>{due.words}</Tag>}
      {isSnoozed(item, now) && item.snoozed_until && (
        <Tag>
          snoozed, back <Moment at={item.snoozed_until} />
        </Tag>
      )}
    </div>
  )
}

/** Who has it, and who else looks at it just now. */
function Presence({ item: { assignee, is_open, sheet } }: { item: Item }) {
  const { data: me } = useSuspenseQuery(meDetail())
  const viewers = (sheet?.viewers ?? []).map(({ name }) => name)
  const has = assignee && (assignee.id === me.user.id ? 'You have it' : `${assignee.name} has it`)
  return (
    <div role="status" className={classes.presence}>
      {is_open && has && <span>{has}</span>}
      {viewers.length > 0 && (
        <span>
          {someOf(viewers, 3)} {viewers.length === 1 ? 'is' : 'are'} looking at it
        </span>
      )}
    </div>
  )
}
