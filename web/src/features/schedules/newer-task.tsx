import { Button, Text } from '@mantine/core'
import { idempotencyKey } from '../../lib/api/client'
import type { Schedule } from '../../lib/api/types'
import { Failed } from '../../ui/answers'
import { Notice } from '../../ui/notice'
import { isAtLeast } from '../access/roles'
import { useSaveSchedule } from './queries'

/** Says that a newer version of the task is there and not used, and lets one take it who may. */
export function NewerTask({ schedule }: { schedule: Schedule }) {
  const { id, version, task, spec, role } = schedule
  // The same content again is what takes the newer version.
  const save = useSaveSchedule({ id, etag: `"${version}"` })
  if (task.newer == null) return null
  return (
    <Notice title={`Version ${task.newer} of ${task.name} is not used yet`} mb="md">
      <Text size="sm">
        Version {task.version} goes on running: whoever wrote the newer one may not run tasks on all devices
        of this schedule.
      </Text>
      {isAtLeast(role, 'admin') && (
        <Button
          size="xs"
          variant="default"
          mt="sm"
          loading={save.isPending}
          onClick={() => save.mutate({ spec, key: idempotencyKey() })}
        >
          Use version {task.newer}
        </Button>
      )}
      {save.error && <Failed error={save.error} />}
    </Notice>
  )
}
