import { Button, Group, Stack, Text } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useMemo, useState } from 'react'
import { idempotencyKey } from '../../lib/api/client'
import { usePagedList } from '../../lib/api/pages'
import { fieldProblems } from '../../lib/api/problem'
import type { Device, Targets } from '../../lib/api/types'
import { Dialog } from '../../ui/dialog'
import { FormProblem } from '../../ui/form-problem'
import { useMay } from '../access/queries'
import { isAtLeast } from '../access/roles'
import type { Refusal } from '../access/why'
import { deviceGroupList } from '../device-groups/queries'
import { deviceList } from '../devices/queries'
import { TargetChooser } from '../devices/target-chooser'
import { useTargetsPreview } from '../devices/use-targets-preview'
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
  targetsIn,
  targetsOf,
  toStartRun,
  unmarkedNote,
  whatRuns,
} from './run-form'
import { WhatFields } from './what-fields'
import { WhenFields } from './when-fields'

/** Starts a run: what, on which devices, and what if one is offline. */
export function RunDialogContent({
  task,
  devices,
  groups,
  selector: given,
  startsWith,
  onClose,
}: RunDialogProps) {
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
    selector: given ?? '',
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

  const groupsChosen = (groupList.items ?? []).filter(({ id }) => form.groups.includes(id))
  const groupNames = groupsChosen.map(({ name }) => name)
  const chosen = targetsOf(form, list.items ?? [], groupNames)
  const refusal = (device: Device) => refusalOn(device, form)
  // What a selector matches is the server's to say; what is chosen by hand is known here.
  const selector = form.selector.trim()
  const state = useTargetsPreview(selector ? targetsIn(form) : {}, whatRuns(form))
  const deviceCount = selector ? (state.preview?.count ?? 0) : chosen.length
  const offlineCount = selector
    ? deviceCount - (state.preview?.online ?? 0)
    : chosen.filter((device) => device.presence === 'offline').length
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
          <TargetChooser
            purpose="run"
            value={targetsIn(form)}
            state={state}
            needed={neededRole(form)}
            first={devices}
            problems={problems}
            refusal={refusal}
            onChange={(targets) => change(formTargets(targets))}
          />
          <WhenFields form={form} problems={problems} onChange={change} />
          <FormProblem
            text={refused.rest}
            error={start.error}
            device={chosen.find((device) => refusal(device))?.id ?? state.preview?.refused[0]?.name}
          />
          <Text size="sm" className={classes.sentence} aria-live="polite">
            {describeRun(
              form,
              {
                devices: chosen.filter(({ id }) => form.devices.includes(id)).map(({ name }) => name),
                groups: groupNames,
                selector,
              },
              offlineCount,
            )}
          </Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={start.isPending}>
              {runButtonLabel(deviceCount)}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  )
}

function formTargets({ devices = [], groups = [], selector }: Targets): Partial<RunForm> {
  return { devices, groups, selector: selector ?? '' }
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
