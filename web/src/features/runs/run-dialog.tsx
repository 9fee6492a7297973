import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useMemo, useState } from 'react'
import { idempotencyKey } from '../../lib/api/client'
import { usePagedList } from '../../lib/api/pages'
import { fieldProblems } from '../../lib/api/problem'
import { deviceList } from '../devices/queries'
import { DevicePicker } from './device-picker'
import { useStartRun } from './queries'
import classes from './run-dialog.module.css'
import {
  checkRunForm,
  describeRun,
  emptyRunForm,
  type RunForm,
  runButtonLabel,
  runFieldOf,
  toStartRun,
} from './run-form'
import { WhatFields } from './what-fields'
import { WhenFields } from './when-fields'

interface RunDialogContentProps {
  task?: string
  devices?: readonly string[]
  onClose: () => void
}

/** Starts a run: what, on which devices, and what if one is offline. */
export function RunDialogContent({ task, devices, onClose }: RunDialogContentProps) {
  const navigate = useNavigate()
  const start = useStartRun()
  const list = usePagedList(deviceList(), { whole: true })
  const [form, setForm] = useState<RunForm>({
    ...emptyRunForm,
    what: task ? 'task' : 'command',
    task: task ?? '',
    devices: devices ?? [],
  })
  const [wasSubmitted, setSubmitted] = useState(false)
  // One key for one content: a second press is the same run, a changed form is another.
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new form is a new run
  const key = useMemo(idempotencyKey, [form])

  const change = (changed: Partial<RunForm>) => {
    setForm((known) => ({ ...known, ...changed }))
    start.reset()
  }
  const refused = fieldProblems(start.error, runFieldOf)
  const problems = { ...refused.fields, ...(wasSubmitted ? checkRunForm(form) : {}) }

  const submit = (event: FormEvent) => {
    event.preventDefault()
    setSubmitted(true)
    if (Object.keys(checkRunForm(form)).length > 0) return
    start.mutate(
      { body: toStartRun(form), key },
      {
        onSuccess: (run) => {
          onClose()
          void navigate({ to: '/runs/$run', params: { run: run.id } })
        },
      },
    )
  }

  const items = list.items?.toSorted(
    (one, other) => givenFirst(devices, one.id) - givenFirst(devices, other.id),
  )
  const chosen = (items ?? []).filter((device) => form.devices.includes(device.id))
  const offlineCount = chosen.filter((device) => device.presence === 'offline').length
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={task ? `Run ${task}` : 'Run on devices'}
      closeButtonProps={{ 'aria-label': 'Close' }}
      closeOnClickOutside={false}
    >
      <form noValidate onSubmit={submit}>
        <Stack>
          <WhatFields form={form} problems={problems} onChange={change} isTaskGiven={task !== undefined} />
          <DevicePicker
            list={{ query: list.query, items }}
            chosen={form.devices}
            problem={problems.devices}
            onChange={(ids) => change({ devices: ids })}
          />
          <WhenFields form={form} problems={problems} onChange={change} />
          {refused.rest && (
            <Alert color="red" role="alert">
              {refused.rest}
            </Alert>
          )}
          <Text size="sm" className={classes.sentence} aria-live="polite">
            {describeRun(
              form,
              chosen.map((device) => device.name),
              offlineCount,
            )}
          </Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={start.isPending}>
              {runButtonLabel(form.devices.length)}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

/** The devices from which one came here stand at the top, where their tick is seen. */
function givenFirst(given: readonly string[] | undefined, id: string): number {
  return given?.includes(id) ? 0 : 1
}
