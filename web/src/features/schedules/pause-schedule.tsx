import { Button, Group, Stack, Text, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { fieldProblems } from '../../lib/api/problem'
import type { Schedule } from '../../lib/api/types'
import { Dialog } from '../../ui/dialog'
import { FormProblem } from '../../ui/form-problem'
import { usePauseSchedule } from './queries'

/** Lets a schedule fire no more until it is resumed. */
export function PauseScheduleDialog({ schedule, onClose }: { schedule: Schedule; onClose: () => void }) {
  const [reason, setReason] = useState('')
  const pause = usePauseSchedule(schedule)
  const problems = fieldProblems(pause.error, (pointer) => (pointer === '/reason' ? 'reason' : null))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    pause.mutate(reason.trim(), { onSuccess: onClose })
  }
  return (
    <Dialog onClose={onClose} title={`Pause ${schedule.name}?`}>
      <form onSubmit={submit}>
        <Stack>
          <Text size="sm">
            It does not fire until it is resumed, and what falls in between is not caught up. What runs now
            goes on. A device that is offline goes on firing until it hears of it.
          </Text>
          <TextInput
            label="Why?"
            description="Shown with the schedule to whoever wonders."
            placeholder="The backup server is being moved"
            autoComplete="off"
            data-autofocus
            value={reason}
            error={problems.fields.reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          <FormProblem text={problems.rest} error={pause.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Let it go on
            </Button>
            <Button type="submit" loading={pause.isPending}>
              Pause it
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  )
}
