import { Text } from '@mantine/core'
import type { ScheduleSpec, Simulation } from '../../../lib/api/types'
import { count } from '../../../lib/words'
import { Confirm } from '../../../ui/confirm'
import { devicesText } from '../preview/preview'

/** What is about to be saved on several devices. */
export interface Asked {
  spec: ScheduleSpec
  simulation: Simulation
}

/** Asks before something runs on several devices. */
export function SaveOnMany({
  asked: { simulation: told },
  isPending,
  onSave,
  onClose,
}: {
  asked: Asked
  isPending: boolean
  onSave: () => void
  onClose: () => void
}) {
  const devices = count(told.device_count, 'device')
  return (
    <Confirm
      title={`Save it on ${devices}?`}
      button={`Save on ${devices}`}
      keep="Look again"
      color="indigo"
      isPending={isPending}
      error={null}
      onConfirm={onSave}
      onClose={onClose}
    >
      <Text size="sm">
        {sentence(told.words)} It runs on {devicesText(told)}.
      </Text>
    </Confirm>
  )
}

function sentence(words: string): string {
  const begun = words.charAt(0).toUpperCase() + words.slice(1)
  return /[.!?]$/.test(begun) ? begun : `${begun}.`
}
