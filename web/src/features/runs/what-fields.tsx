import { Group, SegmentedControl, Select, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { usePagedList } from '../../lib/api/pages'
import { useMay } from '../access/queries'
import { WhyButton } from '../access/why'
import { taskList } from '../tasks/queries'
import classes from './run-dialog.module.css'
import type { RunField, RunForm } from './run-form'

export interface RunFieldsProps {
  form: RunForm
  problems: Partial<Record<RunField, string>>
  onChange: (changed: Partial<RunForm>) => void
}

const kinds = [
  { value: 'command', label: 'Command', verb: 'runs.exec' },
  { value: 'script', label: 'Script', verb: 'runs.exec' },
  { value: 'task', label: 'Stored task', verb: 'runs.start' },
]

/** What to run: a program, a script or a stored task. */
export function WhatFields({
  form,
  problems,
  onChange,
  isTaskGiven,
}: RunFieldsProps & { isTaskGiven: boolean }) {
  const may = useMay()
  const fields = { form, problems, onChange }
  if (isTaskGiven) return null
  return (
    <Stack gap="sm">
      <SegmentedControl
        aria-label="What to run"
        data={kinds.map(({ verb, ...kind }) => ({ ...kind, disabled: !may(verb) }))}
        value={form.what}
        onChange={(what) => onChange({ what: what as RunForm['what'] })}
      />
      {!may('runs.exec') && (
        <Group gap="xs">
          <Text size="sm" c="dimmed">
            Commands and scripts are not for you.
          </Text>
          <WhyButton verb="runs.exec" />
        </Group>
      )}
      {form.what === 'task' && <TaskField {...fields} />}
      {form.what === 'command' && <CommandFields {...fields} />}
      {form.what === 'script' && <ScriptFields {...fields} />}
      {form.what !== 'task' && <HowFields {...fields} />}
    </Stack>
  )
}

function TaskField({ form, problems, onChange }: RunFieldsProps) {
  const { query, items } = usePagedList(taskList(), { whole: true })
  return (
    <Select
      label="Task"
      placeholder={query.isPending ? 'Loading…' : 'Choose a task'}
      searchable
      nothingFoundMessage="No such task"
      data={(items ?? []).map((task) => task.name)}
      value={form.task || null}
      onChange={(task) =>
        onChange({
          task: task ?? '',
          isSelfService: items?.find(({ name }) => name === task)?.self_service ?? false,
        })
      }
      error={problems.task ?? (query.isError ? 'The tasks could not be loaded' : undefined)}
    />
  )
}

function CommandFields({ form, problems, onChange }: RunFieldsProps) {
  return (
    <>
      <TextInput
        label="Program"
        description="A path, or a name to be found in PATH. It is started without a shell."
        placeholder="uname"
        data-autofocus
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        classNames={{ input: classes.monospace }}
        value={form.program}
        onChange={(event) => onChange({ program: event.currentTarget.value })}
        error={problems.program}
      />
      <Textarea
        label="Arguments"
        description="One a line."
        placeholder="-a"
        autosize
        minRows={2}
        maxRows={8}
        autoCapitalize="none"
        spellCheck={false}
        classNames={{ input: classes.monospace }}
        value={form.argumentLines}
        onChange={(event) => onChange({ argumentLines: event.currentTarget.value })}
        error={problems.argumentLines}
      />
    </>
  )
}

function ScriptFields({ form, problems, onChange }: RunFieldsProps) {
  return (
    <>
      <Textarea
        label="Script"
        autosize
        minRows={5}
        maxRows={16}
        autoCapitalize="none"
        spellCheck={false}
        classNames={{ input: classes.monospace }}
        value={form.script}
        onChange={(event) => onChange({ script: event.currentTarget.value })}
        error={problems.script}
      />
      <TextInput
        label="Interpreter"
        placeholder="/bin/sh"
        autoComplete="off"
        spellCheck={false}
        value={form.interpreter}
        onChange={(event) => onChange({ interpreter: event.currentTarget.value })}
        error={problems.interpreter}
      />
    </>
  )
}

function HowFields({ form, problems, onChange }: RunFieldsProps) {
  return (
    <Group grow align="flex-start">
      <TextInput
        label="As user"
        description="Empty: as the device decides."
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        value={form.user}
        onChange={(event) => onChange({ user: event.currentTarget.value })}
        error={problems.user}
      />
      <TextInput
        label="Time limit"
        description="Empty: 1 hour."
        placeholder="30s, 5m, 1h30m"
        autoComplete="off"
        value={form.timeout}
        onChange={(event) => onChange({ timeout: event.currentTarget.value })}
        error={problems.timeout}
      />
    </Group>
  )
}
