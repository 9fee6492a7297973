import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
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
  if (query.data) return <ItemSheet key={id} read={query.data} search={search} />
  return (
    <div className={classes.waiting}>
      <BackToList search={search} />
      {query.isError ? <Failed error={query.error} onRetry={() => void query.refetch()} /> : <LoadingRows />}
    </div>
  )
}
