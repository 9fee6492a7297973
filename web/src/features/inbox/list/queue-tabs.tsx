import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { queueCount } from '../item-words'
import { itemCounts } from '../queries'
import { type InboxSearch, queues, queueWords, tabOf, withQueue } from '../search'
import classes from './queue-tabs.module.css'

/** The ways to look at the items, each with how many there are. */
export function QueueTabs({ search }: { search: InboxSearch }) {
  const { data: counts } = useQuery(itemCounts(search.type))
  const current = tabOf(search)
  const tabs = useRef<HTMLElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: on a phone they do not all fit
  useEffect(() => {
    tabs.current?.querySelector('[aria-current]')?.scrollIntoView({ inline: 'center', block: 'nearest' })
  }, [current])
  return (
    <nav aria-label="Which items" className={classes.tabs} ref={tabs}>
      {queues.map((queue) => {
        const count = queue === 'closed' ? undefined : counts?.[queue]
        return (
          <Link
            key={queue}
            to="/inbox"
            search={withQueue(search, queue)}
            activeOptions={{ exact: true }}
            activeProps={{}}
            className={classes.tab}
            aria-current={queue === current ? 'page' : undefined}
          >
            {queueWords[queue]}
            {count !== undefined && <span className={classes.count}>{queueCount(count)}</span>}
          </Link>
        )
      })}
    </nav>
  )
}
