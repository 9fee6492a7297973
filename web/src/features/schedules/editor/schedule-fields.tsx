import { Select, Stack, Textarea, TextInput } from '@mantine/core'
import { usePagedList } from '../../../lib/api/pages'
import type { Where } from '../../../lib/api/types'
import { instantOf, wallOf } from '../../../lib/time/zone'
import { Section } from '../../../ui/section'
import { type FieldsProps, inputProps } from '../../tasks/editor/fields'
import { taskList } from '../../tasks/queries'
import { deviceZone, writtenZone } from '../zones'
import { type ToldChoice, ToldSelect } from './fields'
import { MoreFields } from './more-fields'
import { type Problems, scheduleId } from './problems'
import { RulesField } from './rule-fields'
import type { ScheduleForm } from './schedule-form'
import { TargetsField } from './targets-field'

interface ScheduleFieldsProps {
  form: ScheduleForm
  problems: Problems
  /** The zone of whoever writes. */
  viewer: string
  onChange: (changed: Partial<ScheduleForm>) => void
}

type OwnFields = FieldsProps<ScheduleForm & { id: string }>

/** The schedule as a form: what runs, on which devices, and when. */
export function ScheduleFields({ form, problems, viewer, onChange }: ScheduleFieldsProps) {
  const fields: OwnFields = { form: { ...form, id: scheduleId }, problems, onChange }
  return (
    <div>
      <Stack gap="sm">
        <TextInput
          label="Name"
          description="Letters, digits, dots, dashes and underscores; unique in the organization."
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          {...inputProps(fields, 'name')}
        />
        <Textarea
          label="Description"
          autosize
          minRows={1}
          maxRows={8}
          {...inputProps(fields, 'description')}
        />
        <TaskField {...fields} />
      </Stack>
      <Section title="On which devices">
        <TargetsField
          value={form.targets}
          problems={{
            devices: problems[`${scheduleId}/devices`],
            groups: problems[`${scheduleId}/groups`],
            selector: problems[`${scheduleId}/selector`],
          }}
          onChange={(targets) => onChange({ targets })}
        />
      </Section>
      <Section title="When">
        <Stack gap="sm">
          <RulesField
            rules={form.rules}
            timezone={form.timezone}
            viewer={viewer}
            problems={problems}
            onChange={(rules) => onChange({ rules })}
          />
          <ZoneField {...fields} viewer={viewer} />
          <ToldSelect
            label="Fired by"
            choices={wheres}
            value={form.where}
            error={problems[`${scheduleId}/where`]}
            onChange={(where) => onChange({ where })}
          />
          <MoreFields {...fields} viewer={viewer} />
        </Stack>
      </Section>
    </div>
  )
}

const wheres: readonly ToldChoice<Where>[] = [
  {
    value: 'device',
    label: 'Each device by itself',
    words: 'It keeps the schedule and fires it on time, also while this server is down.',
  },
  {
    value: 'server',
    label: 'This server',
    words: 'One run for all devices at once, as if somebody started it then. Nothing fires while it is down.',
  },
]

function TaskField({ form, problems, onChange }: OwnFields) {
  const { query, items } = usePagedList(taskList(), { whole: true })
  const tasks = items ?? []
  // What was written by id is shown by name, and stays as it is.
  const chosen = tasks.find(({ id, name }) => form.task === id || form.task === name)
  const names = tasks.map(({ name }) => name)
  return (
    <Select
      label="Task"
      description="Its newest version runs, as far as whoever changed it may run it there."
      placeholder={query.isPending ? 'Loading…' : 'Choose a task'}
      searchable
      nothingFoundMessage="No such task"
      data={form.task && !chosen ? [form.task, ...names] : names}
      value={chosen?.name ?? (form.task || null)}
      error={problems[`${scheduleId}/task`] ?? (query.isError ? 'The tasks could not be loaded' : undefined)}
      onChange={(task) => onChange({ task: task ?? '' })}
    />
  )
}

function ZoneField({ form, problems, onChange, viewer }: OwnFields & { viewer: string }) {
  const turn = (timezone: string | null) => timezone && onChange(withZone(form, timezone, viewer))
  return (
    <Select
      label="Time zone"
      description={
        form.timezone === deviceZone
          ? 'Each device goes by its own clock, so they fire at different moments.'
          : 'Also over changes of the clocks there.'
      }
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      searchable
      nothingFoundMessage="No such time zone"
      limit={100}
      allowDeselect={false}
      data={zoneChoices(form.timezone, viewer)}
      value={form.timezone}
      error={problems[`${scheduleId}/timezone`]}
      onChange={turn}
    />
  )
}

/** The form in another zone: what was typed as a time of a clock stays that time, there. */
function withZone(form: ScheduleForm, timezone: string, viewer: string): Partial<ScheduleForm> {
  const [from, to] = [writtenZone(form.timezone, viewer), writtenZone(timezone, viewer)]
  const moved = (at: string) => at && (instantOf(wallOf(new Date(at), from), to) ?? at)
  return {
    timezone,
    starts_at: moved(form.starts_at),
    ends_at: moved(form.ends_at),
    rules: form.rules.map((rule) => ({ ...rule, at: moved(rule.at) })),
  }
}

function zoneChoices(chosen: string, viewer: string) {
  const first = [...new Set([viewer, 'UTC', chosen])].filter((zone) => zone !== deviceZone)
  const others = Intl.supportedValuesOf('timeZone').filter((zone) => !first.includes(zone))
  return [
    { value: deviceZone, label: 'Each device’s own' },
    ...[...first, ...others].map((zone) => ({
      value: zone,
      label: zone.replaceAll('_', ' ') + (zone === viewer ? ' (yours)' : ''),
    })),
  ]
}
