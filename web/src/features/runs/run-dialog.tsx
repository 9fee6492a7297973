import { Button, Group, Stack, Text } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useMemo, useState } from 'react'
import { idempotencyKey } from '../../lib/api/client'
import { usePagedList } from '../../lib/api/pages'
import { fieldProblems } from '../../lib/api/problem'
import type { Device } from '../../lib/api/types'
import { Dialog } from '../../ui/dialog'
import { FormProblem } from '../../ui/form-problem'
import { useMay } from '../access/queries'
import { isAtLeast } from '../access/roles'
import type { Refusal } from '../access/why'
import { deviceGroupList } from '../device-groups/queries'
import { DevicePicker } from '../devices/device-picker'
import { deviceList } from '../devices/queries'
import { GroupPicker } from './group-picker'
import { useStartRun } from './queries'
import classes from './run-dialog.module.css'
import type { RunDialogProps } from './run-dialog-lazy'
import {
  checkRunForm,
  describeRun,
  emptyRunForm,
  neededRole,
  type RunForm,
  runButtonLabel,
  runFieldOf,
  targetsOf,
  toStartRun,
  unmarkedNote,
} from './run-form'
import { WhatFields } from './what-fields'
import { WhenFields } from './when-fields'

/** Starts a run: what, on which devices, and what if one is offline. */
export function RunDialogContent({ task, devices, groups, startsWith, onClose }: RunDialogProps) {
  const navigate = useNavigate()
  const start = useStartRun()
  const may = useMay()
  const list = usePagedList(deviceList(), { whole: true })
  const groupList = usePagedList(deviceGroupList(), { whole: true })
  const [form, setForm] = useState<RunForm>({
    ...emptyRunForm,
    what: task || !may('runs.exec') ? 'task' : (startsWith ?? 'command'),
    task: task?.name ?? '',
    isSelfService: task?.self_service ?? false,
    devices: devices ?? [],
    groups: groups ?? [],
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
  const groupsChosen = (groupList.items ?? []).filter(({ id }) => form.groups.includes(id))
  const groupNames = groupsChosen.map(({ name }) => name)
  const targets = targetsOf(form, items ?? [], groupNames)
  const refusal = (device: Device) => refusalOn(device, form)
  const offlineCount = targets.filter((device) => device.presence === 'offline').length
  return (
    <Dialog
      onClose={onClose}
      size="lg"
      title={task ? `Run ${task.name}` : 'Run on devices'}
      closeOnClickOutside={false}
    >
      <form noValidate onSubmit={submit}>
        <Stack>
          <WhatFields form={form} problems={problems} onChange={change} isTaskGiven={task !== undefined} />
          <GroupPicker
            groups={groupList.items ?? []}
            chosen={form.groups}
            needed={neededRole(form)}
            problem={problems.groups}
            onChange={(ids) => change({ groups: ids })}
          />
          <DevicePicker
            list={{ query: list.query, items }}
            chosen={form.devices}
            problem={problems.devices}
            refusal={refusal}
            onChange={(ids) => change({ devices: ids })}
          />
          <WhenFields form={form} problems={problems} onChange={change} />
          <FormProblem
            text={refused.rest}
            error={start.error}
            device={targets.find((device) => refusal(device))?.id}
          />
          <Text size="sm" className={classes.sentence} aria-live="polite">
            {describeRun(
              form,
              {
                devices: targets.filter(({ id }) => form.devices.includes(id)).map(({ name }) => name),
                groups: groupNames,
              },
              offlineCount,
            )}
          </Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={start.isPending}>
              {runButtonLabel(targets.length)}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  )
}

/** The devices from which one came here stand at the top, where their tick is seen. */
function givenFirst(given: readonly string[] | undefined, id: string): number {
  return given?.includes(id) ? 0 : 1
}

/** Why it cannot be started on a device; null where it can. */
function refusalOn(device: Device, form: RunForm): Refusal | null {
  const needed = neededRole(form)
  // Which task it will be is not known yet, so neither is what it takes.
  if (form.what === 'task' && !form.task) return null
  if (isAtLeast(device.role, needed)) return null
  if (needed === 'self-service') return { verb: 'runs.start', device: device.id }
  return { verb: 'runs.exec', device: device.id, ...(form.what === 'task' && { note: unmarkedNote }) }
}
