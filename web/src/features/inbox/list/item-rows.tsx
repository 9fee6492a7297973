import { useSuspenseQuery } from '@tanstack/react-query'
import type { Item } from '../../../lib/api/types'
import { useNow } from '../../../lib/time/now'
import { count } from '../../../lib/words'
import { Moment } from '../../../ui/moment'
import { RowLink, Rows } from '../../../ui/rows'
import rowClasses from '../../../ui/rows.module.css'
import { Tag } from '../../../ui/tag'
import { meDetail } from '../../accounts/queries'
import { dueWords, isSnoozed, stateTag } from '../item-words'
import type { InboxSearch } from '../search'
import { wantFocus } from '../use-go-to-item'
import { useStateLabel } from '../use-state-label'
import classes from './item-rows.module.css'

interface ItemRowsProps {
  items: readonly Item[]
  /** The one that is shown beside the list. */
  openId: string | undefined
  search: InboxSearch
}

/** Items, one a row: what it is about, of which type, until when, and whose. */
export function ItemRows({ items, openId, search }: ItemRowsProps) {
  return (
    <Rows label="Items">
      {items.map((item) => (
        <li
          key={item.id}
          className={`${rowClasses.row} ${classes.item}`}
          data-item={item.id}
          data-current={item.id === openId || undefined}
        >
          <ItemRow item={item} isOpen={item.id === openId} search={search} />
        </li>
      ))}
    </Rows>
  )
}

function ItemRow({ item, isOpen, search }: { item: Item; isOpen: boolean; search: InboxSearch }) {
  const now = useNow()
  const stateLabel = useStateLabel()
  const tag = stateTag(item, stateLabel(item))
  const due = dueWords(item, now)
  return (
    <>
      <RowLink
        to="/inbox/$item"
        params={{ item: item.id }}
        search={search}
        activeProps={{}}
        aria-current={isOpen ? 'true' : undefined}
        onClick={wantFocus}
      >
        {item.title || 'Removed'}
      </RowLink>
      <div className={classes.facts}>
        <span>{item.type.name}</span>
        {tag && <Tag tone={tag.tone}>{tag.words}</Tag>}
        {due ? (
          <span className={due.isOver ? classes.over : undefined}>{due.words}</span>
        ) : (
          <Moment at={item.closed_at ?? item.created_at} />
        )}
        {isSnoozed(item, now) && item.snoozed_until && (
          <span>
            back <Moment at={item.snoozed_until} />
          </span>
        )}
        {item.comment_count > 0 && <span>{count(item.comment_count, 'comment')}</span>}
        <Assignee item={item} />
      </div>
    </>
  )
}

function Assignee({ item: { assignee } }: { item: Item }) {
  const { data: me } = useSuspenseQuery(meDetail())
  if (!assignee) return null
  return <span className={classes.who}>{assignee.id === me.user.id ? 'yours' : assignee.name}</span>
}
