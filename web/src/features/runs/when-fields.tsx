import { Group, Select, TextInput } from '@mantine/core'
import type { WhenOffline } from '../../lib/api/types'
import type { RunFieldsProps } from './what-fields'

const choices: { value: WhenOffline; label: string }[] = [
  { value: 'queue', label: 'Wait until it is back' },
  { value: 'skip', label: 'Skip it' },
  { value: 'fail', label: 'Count it as failed' },
]

/** What if a device is offline. */
export function WhenFields({ form, problems, onChange }: RunFieldsProps) {
  return (
    <Group grow align="flex-start">
      <Select
        label="If a device is offline"
        data={choices}
        value={form.whenOffline}
        allowDeselect={false}
        onChange={(choice) => onChange({ whenOffline: choice as WhenOffline })}
        error={problems.whenOffline}
      />
      {form.whenOffline === 'queue' && (
        <TextInput
          label="Wait at most"
          placeholder="24h"
          autoComplete="off"
          value={form.expiresIn}
          onChange={(event) => onChange({ expiresIn: event.currentTarget.value })}
          error={problems.expiresIn}
        />
      )}
    </Group>
  )
}
