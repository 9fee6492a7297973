import { Checkbox, Select, TextInput } from '@mantine/core'
import { useId } from 'react'
import type { Weekday } from '../../../lib/api/types'
import { instantOf, wallOf } from '../../../lib/time/zone'
import { zoneName } from '../zones'
import classes from './editor.module.css'
import { weekdays } from './schedule-form'
import { weekdayNames } from './weekday-names'

export interface ToldChoice<Word extends string> {
  value: Word
  label: string
  /** What happens then, in a sentence. */
  words: string
}

interface ToldChoiceProps<Word extends string> {
  label: string
  choices: readonly ToldChoice<Word>[]
  value: Word
  error?: string
  autoFocus?: boolean
  onChange: (word: Word) => void
}

/** One of a few words, each with what happens then. */
export function ToldSelect<Word extends string>({
  choices,
  value,
  onChange,
  ...props
}: ToldChoiceProps<Word>) {
  return (
    <Select
      {...props}
      description={choices.find((choice) => choice.value === value)?.words}
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      maxDropdownHeight={400}
      data={choices.map((choice) => ({ value: choice.value, label: choice.label }))}
      value={value}
      allowDeselect={false}
      onChange={(word) => onChange(word as Word)}
    />
  )
}

interface MomentFieldProps {
  label: string
  description?: string
  /** A moment, or empty. */
  value: string
  /** In which it is shown and typed. */
  timeZone: string
  error?: string
  onChange: (value: string) => void
}

/** A date with a time of day. */
export function MomentField({ value, timeZone, description, onChange, ...props }: MomentFieldProps) {
  const wall = value ? wallOf(new Date(value), timeZone) : ''
  return (
    <TextInput
      {...props}
      type="datetime-local"
      description={`${description ?? ''} In ${zoneName(timeZone)}.`.trim()}
      value={wall}
      onChange={(event) => onChange(instantOf(event.currentTarget.value, timeZone) ?? '')}
    />
  )
}

interface DaysFieldProps {
  label: string
  description?: string
  value: readonly Weekday[]
  error?: string
  onChange: (days: Weekday[]) => void
}

/** Days of the week. */
export function DaysField({ label, description, value, error, onChange }: DaysFieldProps) {
  const id = useId()
  return (
    <fieldset className={classes.days} aria-describedby={error || description ? id : undefined}>
      <legend className={classes.legend}>{label}</legend>
      <div className={classes.dayRow}>
        {weekdays.map((day) => (
          <Checkbox
            key={day}
            label={weekdayNames[day]}
            checked={value.includes(day)}
            onChange={({ currentTarget: { checked } }) =>
              onChange(weekdays.filter((each) => (each === day ? checked : value.includes(each))))
            }
          />
        ))}
      </div>
      {(error || description) && (
        <div id={id} className={error ? classes.problem : classes.hint}>
          {error ?? description}
        </div>
      )}
    </fieldset>
  )
}
