import type { Action, Device, Role, StartRun, Targets, WhenOffline } from '../../lib/api/types'
import { isSpan, spanHint } from '../../lib/time/span'
import { count, someOf } from '../../lib/words'
import { isAnyNamed, targetFieldOf, toTargets } from '../devices/target-words'
import type { WhatRuns } from '../devices/use-targets-preview'
import { commandLine } from '../tasks/command-line'

/** What a person has filled in to start a run. */
export interface RunForm {
  what: 'task' | 'command' | 'script'
  task: string
  /** Whether the chosen task is marked for self-service. */
  isSelfService: boolean
  program: string
  /** One argument a line. */
  argumentLines: string
  script: string
  interpreter: string
  user: string
  timeout: string
  /** Ids. */
  devices: readonly string[]
  /** Ids of device groups. */
  groups: readonly string[]
  selector: string
  whenOffline: WhenOffline
  expiresIn: string
}

export type RunField = Exclude<keyof RunForm, 'what' | 'isSelfService'>

export const emptyRunForm: RunForm = {
  what: 'command',
  task: '',
  isSelfService: false,
  program: '',
  argumentLines: '',
  script: '',
  interpreter: '',
  user: '',
  timeout: '',
  devices: [],
  groups: [],
  selector: '',
  whenOffline: 'queue',
  expiresIn: '24h',
}

/** What has to be put right before the server is asked. */
export function checkRunForm(form: RunForm): Partial<Record<RunField, string>> {
  const problems: Partial<Record<RunField, string>> = {}
  if (form.what === 'task' && !form.task) problems.task = 'Choose a task'
  if (form.what === 'command' && !form.program.trim()) problems.program = 'Name the program to start'
  if (form.what === 'script' && !form.script.trim()) problems.script = 'Write the script'
  if (form.what !== 'task' && form.timeout.trim() && !isSpan(form.timeout.trim())) problems.timeout = spanHint
  if (waits(form) && form.expiresIn.trim() && !isSpan(form.expiresIn.trim())) problems.expiresIn = spanHint
  if (!isAnyNamed(targetsIn(form))) problems.devices = 'Choose at least one device, or write a selector'
  return problems
}

export function toStartRun(form: RunForm): StartRun {
  const what = form.what === 'task' ? { task: form.task } : { actions: [actionOf(form)] }
  return {
    ...what,
    targets: toTargets(targetsIn(form)),
    when_offline: form.whenOffline,
    ...(waits(form) && form.expiresIn.trim() ? { expires_in: form.expiresIn.trim() } : {}),
  }
}

/** What it is for, as it stands in the form. */
export function targetsIn({ devices, groups, selector }: RunForm): Targets {
  return { devices: [...devices], groups: [...groups], selector }
}

/** What says who may start it; nothing while no task is chosen. */
export function whatRuns({ what, task }: RunForm): WhatRuns {
  if (what !== 'task') return { exec: true }
  return task ? { task } : {}
}

/** What it takes on every device: commands and scripts take an admin, and so do tasks that are not marked. */
export function neededRole({ what, isSelfService }: RunForm): Role {
  return what === 'task' && isSelfService ? 'self-service' : 'admin'
}

export const unmarkedNote =
  'A task that is not marked for self-service takes an admin, as commands and scripts do.'

/** The devices that are chosen, by themselves or with a group, each once. */
export function targetsOf<Target extends Pick<Device, 'id' | 'groups'>>(
  form: RunForm,
  devices: readonly Target[],
  groupNames: readonly string[],
): Target[] {
  return devices.filter(
    ({ id, groups }) => form.devices.includes(id) || groups.some((name) => groupNames.includes(name)),
  )
}

/** What is run on, by name. */
export interface Where {
  devices: readonly string[]
  groups: readonly string[]
  selector: string
}

/** The sentence over the button: ``Run `uname -a` on web-1 and 2 others.`` */
export function describeRun(
  form: RunForm,
  { devices, groups, selector }: Where,
  offlineCount: number,
): string {
  const matching = selector ? [`what matches \`${selector}\``] : []
  const names = [...matching, ...groups.map((group) => `the devices of ${group}`), ...devices]
  const where = names.length === 0 ? 'the devices you choose' : someOf(names)
  const sentence = `Run ${whatLabel(form)} on ${where}.`
  return offlineCount > 0 ? `${sentence} ${offlineSentence(form, offlineCount)}` : sentence
}

export function runButtonLabel(deviceCount: number): string {
  return deviceCount === 0 ? 'Run' : `Run on ${count(deviceCount, 'device')}`
}

/** The field that shows a problem of the server's; several pointers may share one. */
export function runFieldOf(pointer: string): RunField | null {
  const target = targetFieldOf(pointer)
  if (target) return target
  const fields: [RegExp, RunField][] = [
    [/^\/task$/, 'task'],
    [/^\/expires_in$/, 'expiresIn'],
    [/^\/when_offline$/, 'whenOffline'],
    [/^\/actions\/0\/command$/, 'program'],
    [/^\/actions\/0\/arguments(\/|$)/, 'argumentLines'],
    [/^\/actions\/0\/content$/, 'script'],
    [/^\/actions\/0\/interpreter$/, 'interpreter'],
    [/^\/actions\/0\/user$/, 'user'],
    [/^\/actions\/0\/timeout$/, 'timeout'],
  ]
  return fields.find(([pattern]) => pattern.test(pointer))?.[1] ?? null
}

/** Every line is an argument, also an empty one in between; the end of the last line adds none. */
export function argumentsOf(lines: string): string[] {
  if (lines === '') return []
  return lines.replace(/\r?\n$/, '').split(/\r?\n/)
}

function actionOf(form: RunForm): Action {
  const common = {
    ...(form.user.trim() ? { user: form.user.trim() } : {}),
    ...(form.timeout.trim() ? { timeout: form.timeout.trim() } : {}),
  }
  if (form.what === 'script') {
    const interpreter = form.interpreter.trim()
    return { type: 'SCRIPT', content: form.script, ...(interpreter ? { interpreter } : {}), ...common }
  }
  const args = argumentsOf(form.argumentLines)
  return {
    type: 'COMMAND',
    command: form.program.trim(),
    ...(args.length > 0 ? { arguments: args } : {}),
    ...common,
  }
}

/** Only what is queued can expire. */
function waits(form: RunForm): boolean {
  return form.whenOffline === 'queue'
}

function whatLabel(form: RunForm): string {
  if (form.what === 'task') return form.task ? `the task ${form.task}` : 'the task you choose'
  if (form.what === 'script')
    return `a script of ${count(argumentsOf(form.script).length, 'line')}${asUser(form)}`
  if (!form.program.trim()) return 'the command you name'
  return `\`${commandLine(form.program.trim(), argumentsOf(form.argumentLines))}\`${asUser(form)}`
}

function asUser(form: RunForm): string {
  return form.user.trim() ? ` as ${form.user.trim()}` : ''
}

function offlineSentence(form: RunForm, offlineCount: number): string {
  const who = offlineCount === 1 ? 'The one that is offline' : `The ${offlineCount} that are offline`
  switch (form.whenOffline) {
    case 'queue':
      return `${who} will run it when back online, within ${form.expiresIn.trim() || '24h'}.`
    case 'skip':
      return `${who} will be skipped.`
    case 'fail':
      return `${who} will count as failed.`
  }
}
