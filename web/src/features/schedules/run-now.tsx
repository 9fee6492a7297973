import { useQuery } from '@tanstack/react-query'
import { usePagedList } from '../../lib/api/pages'
import type { Schedule } from '../../lib/api/types'
import { deviceGroupList } from '../device-groups/queries'
import { deviceList } from '../devices/queries'
import { RunDialog } from '../runs/run-dialog-lazy'
import { taskDetail } from '../tasks/queries'

/** Starts the task of a schedule on its targets, by the dialog for runs. Nothing of the schedule changes. */
export function RunNow({ schedule, onClose }: { schedule: Schedule; onClose: () => void }) {
  const task = useQuery(taskDetail(schedule.task.id))
  const devices = usePagedList(deviceList(), { whole: true })
  const groups = usePagedList(deviceGroupList(), { whole: true })
  const isRead = [devices, groups].every(({ query, items }) => items && !query.hasNextPage)
  if (!task.data || !isRead) return null
  return (
    <RunDialog
      task={task.data}
      devices={named(schedule.spec.targets.devices, devices.items ?? [])}
      groups={named(schedule.spec.targets.groups, groups.items ?? [])}
      onClose={onClose}
    />
  )
}

/** The ids of what is named, by name or id. */
function named(words: readonly string[] = [], known: readonly { id: string; name: string }[]): string[] {
  return known.filter(({ id, name }) => words.includes(id) || words.includes(name)).map(({ id }) => id)
}
