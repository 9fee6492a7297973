import { ActionIcon, Button, Switch, Text, TextInput, Title } from '@mantine/core'
import { useId, useState } from 'react'
import { type SpanUnit, spanUnits } from '../../../lib/time/span'
import { PlusIcon, TrashIcon } from '../../../ui/icons'
import { Choice, CodeArea, CodeInput } from '../../tasks/editor/fields'
import { writtenZone } from '../zones'
import classes from './editor.module.css'
import { DaysField, MomentField, type ToldChoice, ToldSelect } from './fields'
import { type Problems, scheduleId } from './problems'
import { whenOf } from './rule'
import { emptyRule, type ItemId, type RuleForm, type RuleKind, withChanged } from './schedule-form'

const rulesMax = 20

interface RulesFieldProps {
  rules: readonly RuleForm[]
  timezone: string
  /** The zone of whoever writes. */
  viewer: string
  problems: Problems
  onChange: (rules: readonly RuleForm[]) => void
}

/** When it fires: one rule or several. */
export function RulesField({ rules, problems, onChange, ...zones }: RulesFieldProps) {
  const [added, setAdded] = useState<ItemId | null>(null)
  const id = useId()
  const add = () => {
    const rule = emptyRule('daily')
    onChange([...rules, rule])
    setAdded(rule.id)
  }
  const remove = (rule: RuleForm) => {
    onChange(rules.filter(({ id }) => id !== rule.id))
    document.getElementById(`${id}-add`)?.focus()
  }
  return (
    <>
      {rules.map((rule, index) => (
        <RuleCard
          key={rule.id}
          {...zones}
          rule={rule}
          number={rules.length > 1 ? index + 1 : null}
          problem={problems[`${rule.id}/rule`]}
          isNew={rule.id === added}
          onChange={(changed) => onChange(withChanged(rules, rule.id, changed))}
          onRemove={() => remove(rule)}
        />
      ))}
      {problems[`${scheduleId}/rules`] && (
        <Text className={classes.problem}>{problems[`${scheduleId}/rules`]}</Text>
      )}
      {rules.length < rulesMax && (
        <div>
          <Button
            id={`${id}-add`}
            variant="default"
            size="xs"
            leftSection={<PlusIcon size={14} />}
            onClick={add}
          >
            Add another rule
          </Button>
          {rules.length > 1 && (
            <Text size="xs" c="dimmed" mt={4}>
              A moment that several rules name fires once.
            </Text>
          )}
        </div>
      )}
    </>
  )
}

const kinds: readonly ToldChoice<RuleKind>[] = [
  {
    value: 'every',
    label: 'Every so often',
    words: 'Counted from when the schedule is made, whatever the clock says.',
  },
  { value: 'daily', label: 'Every day', words: 'Once a day, at a time of day.' },
  { value: 'weekly', label: 'On days of the week', words: 'On the days you tick, at a time of day.' },
  {
    value: 'monthly',
    label: 'Every month',
    words: 'On a day of the month; a month without that day is left out.',
  },
  { value: 'once', label: 'Once, at a date', words: 'A single time; after that the schedule is done.' },
  {
    value: 'cron',
    label: 'Cron expression',
    words: 'Minute, hour, day of month, month, day of week; or @daily and the like.',
  },
  {
    value: 'rrule',
    label: 'Recurrence rule',
    words: 'As calendars write them (RFC 5545), for what cron cannot say.',
  },
  { value: 'boot', label: 'When a device starts', words: 'Each time, on that device alone.' },
  {
    value: 'enroll',
    label: 'When a device first gets it',
    words: 'Once on each device, also on those that join later.',
  },
]

interface RuleProps {
  rule: RuleForm
  timezone: string
  viewer: string
  problem?: string
  onChange: (changed: Partial<RuleForm>) => void
}

function RuleCard({
  number,
  isNew,
  onRemove,
  ...props
}: RuleProps & { number: number | null; isNew: boolean; onRemove: () => void }) {
  const { rule, onChange, problem } = props
  const turn = (kind: RuleKind) => {
    // What was put together by choosing is where one goes on by hand.
    const cron = kind === 'cron' && rule.kind !== 'cron' ? (whenOf(rule).cron ?? rule.cron) : rule.cron
    onChange({ kind, cron })
  }
  const hasNoField = rule.kind === 'boot' || rule.kind === 'enroll'
  return (
    <div className={classes.card} role="group" aria-labelledby={number ? rule.id : undefined}>
      {number && (
        <div className={classes.cardHead}>
          <Title order={3} size="h5" id={rule.id}>
            Rule {number}
          </Title>
          <ActionIcon
            variant="default"
            size="lg"
            aria-label={`Remove rule ${number}`}
            title={`Remove rule ${number}`}
            onClick={onRemove}
          >
            <TrashIcon size={16} />
          </ActionIcon>
        </div>
      )}
      <ToldSelect
        label="It fires"
        choices={kinds}
        value={rule.kind}
        autoFocus={isNew}
        error={hasNoField ? problem : undefined}
        onChange={turn}
      />
      {!hasNoField && (
        <div className={classes.ruleFields}>
          <RuleFields {...props} />
        </div>
      )}
    </div>
  )
}

function RuleFields(props: RuleProps) {
  const { rule, timezone, viewer, problem, onChange } = props
  switch (rule.kind) {
    case 'every':
      return <EveryFields {...props} />
    case 'daily':
      return <TimeField {...props} />
    case 'weekly':
      return (
        <>
          <DaysField
            label="On"
            value={rule.days}
            onChange={(days) => onChange({ days })}
            error={rule.days.length === 0 ? 'Tick at least one day' : undefined}
          />
          <TimeField {...props} />
        </>
      )
    case 'monthly':
      return (
        <div className={classes.two}>
          <Choice label="On day" data={monthDays} value={rule.day} onChange={(day) => onChange({ day })} />
          <TimeField {...props} />
        </div>
      )
    case 'once':
      return (
        <MomentField
          label="At"
          value={rule.at}
          timeZone={writtenZone(timezone, viewer)}
          error={problem}
          onChange={(at) => onChange({ at })}
        />
      )
    case 'cron':
      return (
        <>
          <CodeInput
            label="Expression"
            placeholder={rule.seconds ? '0 30 2 * * MON-FRI' : '30 2 * * MON-FRI'}
            value={rule.cron}
            error={problem}
            onChange={(event) => onChange({ cron: event.currentTarget.value })}
          />
          <Switch
            label="With seconds"
            description="A sixth field in front: the second."
            checked={rule.seconds}
            onChange={(event) => onChange({ seconds: event.currentTarget.checked })}
          />
        </>
      )
    default:
      return (
        <CodeArea
          label="Rule"
          placeholder="FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=18"
          value={rule.rrule}
          error={problem}
          onChange={(event) => onChange({ rrule: event.currentTarget.value })}
        />
      )
  }
}

function TimeField({ rule, problem, onChange }: RuleProps) {
  return (
    <TextInput
      label="At"
      type="time"
      className={classes.time}
      value={rule.time}
      error={problem ?? (rule.time ? undefined : 'Say at what time')}
      onChange={(event) => onChange({ time: event.currentTarget.value })}
    />
  )
}

const unitNames: Record<SpanUnit, string> = { s: 'seconds', m: 'minutes', h: 'hours', d: 'days' }
const units: readonly { value: SpanUnit | ''; label: string }[] = spanUnits.map((value) => ({
  value,
  label: unitNames[value],
}))

function EveryFields({ rule, problem, onChange }: RuleProps) {
  return (
    <div className={classes.every}>
      <CodeInput
        label="Every"
        value={rule.amount}
        error={problem}
        onChange={(event) => onChange({ amount: event.currentTarget.value })}
      />
      <Choice
        label="Unit"
        data={rule.unit === '' ? [{ value: '', label: 'as written' }, ...units] : units}
        value={rule.unit}
        onChange={(unit) => onChange({ unit })}
      />
    </div>
  )
}

const monthDays = [
  ...Array.from({ length: 31 }, (_, index) => ({ value: String(index + 1), label: String(index + 1) })),
  { value: 'L', label: 'the last one' },
]
