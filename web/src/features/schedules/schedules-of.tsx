import { Text } from '@mantine/core'
import { usePagedList } from '../../lib/api/pages'
import { ListAnswer, LoadMore } from '../../ui/answers'
import { type ScheduleFilter, scheduleList } from './queries'
import { ScheduleRows } from './schedule-rows'

/** The schedules of a task, a calendar or a device. */
export function SchedulesOf({ none, ...filter }: ScheduleFilter & { none: string }) {
  const { query, items } = usePagedList(scheduleList(filter))
  return (
    <ListAnswer
      query={query}
      items={items}
      empty={
        <Text size="sm" c="dimmed">
          {none}
        </Text>
      }
    >
      {(schedules) => (
        <>
          <ScheduleRows schedules={schedules} />
          <LoadMore query={query} what="schedules" />
        </>
      )}
    </ListAnswer>
  )
}
