import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { isGone } from '../../../lib/api/problem'
import { Failed, LoadingRows } from '../../../ui/answers'
import { itemDetail } from '../queries'
import { BackToList } from './item-head'
import { ItemSheet } from './item-sheet'
import classes from './item-sheet.module.css'

const route = getRouteApi('/in/inbox/$item')

/** One item: what a person needs to decide, and the decision. */
export function ItemPage() {
  const { item: id } = route.useParams()
  const search = route.useSearch()
  const query = useQuery(itemDetail(id))
  // What somebody may not see any more does not stay on their screen.
  if (query.data && !isGone(query.error)) return <ItemSheet key={id} read={query.data} search={search} />
  return (
    <div className={classes.waiting}>
      <BackToList search={search} />
      {query.isError ? <Failed error={query.error} onRetry={() => void query.refetch()} /> : <LoadingRows />}
    </div>
  )
}
