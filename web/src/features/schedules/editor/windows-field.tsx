import { ActionIcon, Button, Stack, Text, TextInput } from '@mantine/core'
import { useId, useState } from 'react'
import { PlusIcon, TrashIcon } from '../../../ui/icons'
import { type FieldsProps, inputProps } from '../../tasks/editor/fields'
import classes from './editor.module.css'
import { DaysField } from './fields'
import { scheduleId } from './problems'
import { emptyWindow, type ScheduleForm, type WindowForm, withChanged } from './schedule-form'

/** The times of day outside of which it does not fire. */
export function WindowsField({ form, problems, onChange }: FieldsProps<ScheduleForm & { id: string }>) {
  const { windows } = form
  const [added, setAdded] = useState<string | null>(null)
  const id = useId()
  const add = () => {
    const window = emptyWindow()
    onChange({ windows: [...windows, window] })
    setAdded(window.id)
  }
  const remove = (window: WindowForm) => {
    onChange({ windows: windows.filter((each) => each.id !== window.id) })
    document.getElementById(`${id}-add`)?.focus()
  }
  return (
    <div role="group" aria-labelledby={id}>
      <Text size="sm" fw={600} id={id}>
        Windows
      </Text>
      <Text size="xs" c="dimmed" mb="xs">
        {windows.length === 0 ? 'None: it fires at any time.' : 'It fires only inside of these.'}
      </Text>
      {problems[`${scheduleId}/windows`] && (
        <Text className={classes.problem}>{problems[`${scheduleId}/windows`]}</Text>
      )}
      <Stack gap="xs">
        {windows.map((window, index) => (
          <WindowCard
            key={window.id}
            form={window}
            number={index + 1}
            isNew={window.id === added}
            problems={problems}
            onChange={(changed) => onChange({ windows: withChanged(windows, window.id, changed) })}
            onRemove={() => remove(window)}
          />
        ))}
        <div>
          <Button
            id={`${id}-add`}
            variant="default"
            size="xs"
            leftSection={<PlusIcon size={14} />}
            onClick={add}
          >
            Add a window
          </Button>
        </div>
      </Stack>
    </div>
  )
}

interface WindowCardProps extends FieldsProps<WindowForm> {
  number: number
  isNew: boolean
  onRemove: () => void
}

function WindowCard({ number, isNew, onRemove, ...fields }: WindowCardProps) {
  const { form, problems, onChange } = fields
  return (
    <div className={classes.card} role="group" aria-label={`Window ${number}`}>
      <div className={classes.window}>
        <TextInput label="From" type="time" autoFocus={isNew} {...inputProps(fields, 'from')} />
        <TextInput label="Until" placeholder="24:00" autoComplete="off" {...inputProps(fields, 'until')} />
        <ActionIcon
          variant="default"
          size={36}
          aria-label={`Remove window ${number}`}
          title={`Remove window ${number}`}
          onClick={onRemove}
        >
          <TrashIcon size={16} />
        </ActionIcon>
      </div>
      <DaysField
        label="On"
        description={form.days.length === 0 ? 'None ticked: every day.' : undefined}
        value={form.days}
        error={problems[`${form.id}/days`]}
        onChange={(days) => onChange({ days })}
      />
    </div>
  )
}
