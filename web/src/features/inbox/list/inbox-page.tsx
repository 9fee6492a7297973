import { Button, Kbd, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Outlet, useParams } from '@tanstack/react-router'
import { lazy, type RefObject, Suspense, useEffect, useRef } from 'react'
import { usePagedList } from '../../../lib/api/pages'
import { useCommands } from '../../../lib/commands'
import { ListAnswer, LoadMore } from '../../../ui/answers'
import { Page } from '../../../ui/page'
import { ToastRegion } from '../../../ui/toast'
import { GivenUpNotice } from '../../webhooks/given-up-notice'
import { neighbour } from '../item-words'
import { itemDetail, itemList } from '../queries'
import { searchProblems } from '../search'
import { takeListDone, useGoToItem } from '../use-go-to-item'
import { useListAround } from '../use-place'
import classes from './inbox-page.module.css'
import { ItemRows } from './item-rows'
import { NothingWaits } from './nothing-waits'
import { QueueTabs } from './queue-tabs'
import { ViewsMenu } from './views-menu'

const route = getRouteApi('/in/inbox')

/** Who comes to decide by a link needs no filters first. */
const InboxFilters = lazy(() =>
  import('./inbox-filters').then((module) => ({ default: module.InboxFilters })),
)

/** What needs somebody: the list, and beside it the item that is open. */
export function InboxPage() {
  const search = route.useSearch()
  const { item: openId } = useParams({ strict: false })
  const { query, items } = usePagedList(itemList(search))
  const problems = searchProblems(query.error, search)
  const { data: open } = useQuery({ ...itemDetail(openId ?? ''), enabled: openId !== undefined })
  const list = useRef<HTMLDivElement>(null)
  const sheet = useRef<HTMLDivElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another item begins at its beginning
  useEffect(() => {
    sheet.current?.scrollTo(0, 0)
  }, [openId])
  useFocusBack(openId, list)
  useListCommands(openId)
  return (
    <>
      <div className={classes.inbox} data-open={openId}>
        <div className={classes.list} ref={list}>
          <Page
            title="Inbox"
            tabTitle={openId && open ? open.item.title || 'Removed' : undefined}
            actions={<ViewsMenu search={search} />}
          >
            <Stack gap="md">
              <GivenUpNotice />
              <QueueTabs search={search} />
              <Suspense fallback={<div className={classes.filters} />}>
                <InboxFilters search={search} problems={problems} />
              </Suspense>
              {!problems.q && !problems.where && (
                <ListAnswer
                  query={query}
                  items={items}
                  empty={<NothingWaits search={search} query={query} />}
                >
                  {(shown) => (
                    <Stack
                      gap="md"
                      className={classes.found}
                      data-old={query.isPlaceholderData || undefined}
                      aria-busy={query.isPlaceholderData}
                    >
                      <ItemRows items={shown} openId={openId} search={search} />
                      <LoadMore query={query} what="items" />
                    </Stack>
                  )}
                </ListAnswer>
              )}
            </Stack>
          </Page>
        </div>
        <div className={classes.item} ref={sheet}>
          {openId ? <Outlet /> : items && items.length > 0 && <Hint first={items[0]?.id} />}
        </div>
      </div>
      <ToastRegion />
    </>
  )
}

function Hint({ first }: { first: string | undefined }) {
  const goToItem = useGoToItem()
  return (
    <div className={classes.hint}>
      <p>Choose an item to decide.</p>
      <Button variant="default" onClick={() => first && goToItem(first)}>
        Begin with the first
      </Button>
      <p />
      <p>
        <Kbd>j</Kbd> next, <Kbd>k</Kbd> previous, <Kbd>/</Kbd> search, <Kbd>?</Kbd> all keys
      </p>
    </div>
  )
}

/** The keys that go through the list. */
function useListCommands(openId: string | undefined) {
  const search = route.useSearch()
  const { items, place } = useListAround(search, openId)
  const goToItem = useGoToItem()
  const go = (by: -1 | 1) => {
    const to = neighbour(items ?? [], openId, by, place)
    if (to) goToItem(to)
  }
  useCommands([
    { id: 'next', label: 'Next item', key: 'j', run: () => go(1) },
    { id: 'previous', label: 'Previous item', key: 'k', run: () => go(-1) },
  ])
}

/** Who comes back from an item goes on where it stands in the list. */
function useFocusBack(openId: string | undefined, list: RefObject<HTMLDivElement | null>) {
  const before = useRef(openId)
  useEffect(() => {
    const left = before.current
    before.current = openId
    if (!left || openId) return
    // Whoever chose another list, or looks for something in it, goes on there.
    if (list.current?.contains(document.activeElement)) return
    const row = list.current?.querySelector<HTMLElement>(`[data-item="${CSS.escape(left)}"] a`)
    const target = (takeListDone() ? null : row) ?? list.current?.querySelector<HTMLElement>('h1')
    target?.focus()
  }, [openId, list])
}
