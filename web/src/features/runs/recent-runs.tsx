import { Text } from '@mantine/core'
import { usePagedList } from '../../lib/api/pages'
import { ListAnswer, LoadMore } from '../../ui/answers'
import { runList } from './queries'
import { RunRows } from './run-rows'

/** The last runs of one device. */
export function RecentRuns({ device }: { device: string }) {
  const { query, items } = usePagedList(runList({ device, limit: 5 }))
  return (
    <ListAnswer
      query={query}
      items={items}
      empty={
        <Text size="sm" c="dimmed">
          Nothing has run here yet.
        </Text>
      }
    >
      {(runs) => (
        <>
          <RunRows runs={runs} />
          <LoadMore query={query} what="runs" />
        </>
      )}
    </ListAnswer>
  )
}
