import { Button, Stack, Switch, Text } from '@mantine/core'
import { useId, useState } from 'react'
import type { OnBlock, WhenOffline } from '../../../lib/api/types'
import { ClosedIcon, OpenIcon } from '../../../ui/icons'
import { CodeInput, type FieldsProps, inputProps } from '../../tasks/editor/fields'
import { writtenZone } from '../zones'
import { CalendarsField } from './calendars-field'
import classes from './editor.module.css'
import { MomentField, type ToldChoice, ToldSelect } from './fields'
import { type Problems, scheduleId } from './problems'
import { emptyForm, type MissedWord, type OverlapWord, type ScheduleForm } from './schedule-form'
import { WindowsField } from './windows-field'

type OwnedForm = ScheduleForm & { id: string }

interface MoreProps extends FieldsProps<OwnedForm> {
  viewer: string
}

const names = [
  'missed',
  'overlap',
  'splay',
  'run_once',
  'starts_at',
  'ends_at',
  'windows',
  'calendars',
  'when_offline',
  'expires_in',
  'on_block',
] as const

/** What is rarely said: closed, unless something is in it or wrong with it. */
export function MoreFields(props: MoreProps) {
  const { form, problems } = props
  const id = useId()
  const [isOpen, setOpen] = useState(() => isAnySaid(form))
  // It stays open when the problem is put right: one is typing in it then.
  if (!isOpen && hasProblem(form, problems)) setOpen(true)
  return (
    <div>
      <Button
        variant="subtle"
        size="compact-sm"
        aria-expanded={isOpen}
        aria-controls={id}
        leftSection={isOpen ? <OpenIcon size={14} /> : <ClosedIcon size={14} />}
        onClick={() => setOpen(!isOpen)}
      >
        More choices
      </Button>
      {!isOpen && (
        <Text size="xs" c="dimmed">
          Missed and overlapping slots, spreading, windows, calendars, start and end.
        </Text>
      )}
      <div id={id} hidden={!isOpen}>
        {isOpen && <AllFields {...props} />}
      </div>
    </div>
  )
}

function isAnySaid(form: ScheduleForm): boolean {
  const empty = emptyForm('UTC')
  return names.some((name) => JSON.stringify(form[name]) !== JSON.stringify(empty[name]))
}

function hasProblem(form: ScheduleForm, problems: Problems): boolean {
  const owners = form.windows.map(({ id }) => `${id}/`)
  const own = [...names, 'missed_max', 'missed_age', 'queue'].map((name) => `${scheduleId}/${name}`)
  return Object.keys(problems).some(
    (place) => own.includes(place) || owners.some((owner) => place.startsWith(owner)),
  )
}

const missedChoices: readonly ToldChoice<MissedWord>[] = [
  { value: 'skip', label: 'Leave it out', words: 'Slots at which the device was off stay missed.' },
  { value: 'last', label: 'Catch up the newest', words: 'One execution, however many slots were missed.' },
  {
    value: 'all',
    label: 'Catch up several',
    words: 'The newest of them, oldest first, one after the other.',
  },
]

const overlapChoices: readonly ToldChoice<OverlapWord>[] = [
  { value: 'forbid', label: 'Skip the new one', words: 'The one that is running goes on.' },
  { value: 'queue', label: 'Let it wait', words: 'It begins when the one before is over.' },
  { value: 'allow', label: 'Run both', words: 'They run beside each other.' },
  {
    value: 'replace',
    label: 'Cancel the old one',
    words: 'The one that is running is ended, and the new one begins.',
  },
]

const offlineChoices: readonly ToldChoice<WhenOffline>[] = [
  { value: 'queue', label: 'Wait until it is back', words: 'It runs then, unless it has expired.' },
  { value: 'skip', label: 'Skip it', words: 'The device is left out of that run.' },
  { value: 'fail', label: 'Count it as failed', words: 'The run fails on that device.' },
]

const blockChoices: readonly ToldChoice<OnBlock>[] = [
  {
    value: 'skip',
    label: 'Skip it',
    words: 'A slot outside of the windows or during an event does not run.',
  },
  {
    value: 'defer',
    label: 'Let it wait',
    words: 'It runs when nothing blocks it any more; of several, the newest.',
  },
]

function AllFields(props: MoreProps) {
  const { form, problems, viewer, onChange } = props
  const problem = (name: string) => problems[`${scheduleId}/${name}`]
  const isOnServer = form.where === 'server'
  const timeZone = writtenZone(form.timezone, viewer)
  return (
    <Stack gap="md" mt="sm">
      <div className={classes.two}>
        <ToldSelect
          label="If a slot was missed"
          choices={missedChoices}
          value={form.missed}
          error={problem('missed')}
          onChange={(missed) => onChange({ missed })}
        />
        {form.missed === 'all' && (
          <div className={classes.two}>
            <CodeInput label="At most" description="1 to 100." {...inputProps(props, 'missed_max')} />
            <CodeInput
              label="Not older than"
              description="2h, 1d; up to 35d."
              {...inputProps(props, 'missed_age')}
            />
          </div>
        )}
      </div>
      <div className={classes.two}>
        <ToldSelect
          label="If the one before still runs"
          choices={
            isOnServer
              ? overlapChoices.filter(({ value }) => value !== 'queue' || form.overlap === value)
              : overlapChoices
          }
          value={form.overlap}
          error={problem('overlap')}
          onChange={(overlap) => onChange({ overlap })}
        />
        {form.overlap === 'queue' && (
          <CodeInput
            label="Waiting at most"
            description="1 to 100; more are skipped."
            {...inputProps(props, 'queue')}
          />
        )}
      </div>
      <Switch
        label="Run once"
        description="After one execution that ran to its end it is done, on each device."
        checked={form.run_once}
        error={problem('run_once')}
        onChange={(event) => onChange({ run_once: event.currentTarget.checked })}
      />
      <div className={classes.two}>
        {(!isOnServer || form.splay) && (
          <CodeInput
            label="Spread over"
            description="Each device begins later by its own part of this. Empty: all at once."
            placeholder="10m"
            {...inputProps(props, 'splay')}
          />
        )}
        <CodeInput
          label="Expires after"
          description="A slot that could not begin by then does not run. Empty: 24h."
          placeholder="24h"
          {...inputProps(props, 'expires_in')}
        />
        {(isOnServer || form.when_offline !== 'queue') && (
          <ToldSelect
            label="If a device is offline"
            choices={offlineChoices}
            value={form.when_offline}
            error={problem('when_offline')}
            onChange={(when_offline) => onChange({ when_offline })}
          />
        )}
      </div>
      <div className={classes.two}>
        <MomentField
          label="Not before"
          description="Empty: at once."
          value={form.starts_at}
          timeZone={timeZone}
          error={problem('starts_at')}
          onChange={(starts_at) => onChange({ starts_at })}
        />
        <MomentField
          label="Until"
          description="Empty: for good."
          value={form.ends_at}
          timeZone={timeZone}
          error={problem('ends_at')}
          onChange={(ends_at) => onChange({ ends_at })}
        />
      </div>
      <WindowsField {...props} />
      <CalendarsField {...props} />
      {(form.windows.length > 0 || form.calendars.length > 0 || form.on_block !== 'skip') && (
        <ToldSelect
          label="If a slot is blocked"
          choices={blockChoices}
          value={form.on_block}
          error={problem('on_block')}
          onChange={(on_block) => onChange({ on_block })}
        />
      )}
    </Stack>
  )
}
