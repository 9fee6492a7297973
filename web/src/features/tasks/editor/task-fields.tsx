import { Stack, Switch, Textarea, TextInput } from '@mantine/core'
import type { OnFailure } from '../../../lib/api/types'
import { Section } from '../../../ui/section'
import { onFailureWords } from '../action-words'
import { ActionList } from './action-list'
import { Choice, type FieldsProps, inputProps } from './fields'
import { type Problems, taskId } from './problems'
import type { TaskForm } from './task-form'

interface TaskFieldsProps {
  form: TaskForm
  problems: Problems
  onChange: (changed: Partial<TaskForm>) => void
}

/** The task as a form: what it is called, what it may, and its actions. */
export function TaskFields({ form, problems, onChange }: TaskFieldsProps) {
  const fields = { form: { ...form, id: taskId }, problems, onChange }
  return (
    <>
      <AboutFields {...fields} />
      <Section title="Actions">
        <ActionList
          actions={form.actions}
          problems={problems}
          problem={problems[`${taskId}/actions`]}
          onChange={(actions) => onChange({ actions })}
        />
      </Section>
    </>
  )
}

const onFailures: { value: OnFailure; label: string }[] = [
  { value: 'stop', label: onFailureWords.stop },
  { value: 'continue', label: onFailureWords.continue },
]

function AboutFields(fields: FieldsProps<TaskForm & { id: string }>) {
  const { form, problems, onChange } = fields
  return (
    <Stack gap="sm" maw={640}>
      <TextInput
        label="Name"
        description="Letters, digits, dots, dashes and underscores; unique in the organization."
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        {...inputProps(fields, 'name')}
      />
      <Textarea label="Description" autosize minRows={1} maxRows={8} {...inputProps(fields, 'description')} />
      <Choice
        label="If an action fails"
        data={onFailures}
        value={form.on_failure}
        error={problems[`${taskId}/on_failure`]}
        onChange={(on_failure) => onChange({ on_failure })}
      />
      <Switch
        label="Self-service"
        description="People with that role may start it."
        checked={form.self_service}
        error={problems[`${taskId}/self_service`]}
        onChange={(event) => onChange({ self_service: event.currentTarget.checked })}
      />
    </Stack>
  )
}
