import { Checkbox, SegmentedControl, Stack, Text } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { useId } from 'react'
import { meDetail } from './queries'
import classes from './scope-fields.module.css'
import { scopeGroups, toggleScope, wholeScope } from './scopes'

interface ScopeFieldsProps {
  /** Null: all that one may. */
  value?: string[] | null
  error?: React.ReactNode
  onChange?: (scopes: string[] | null) => void
}

/** What a key may do: all that its owner may, or what is ticked. */
export function ScopeFields({ value = null, error, onChange = () => undefined }: ScopeFieldsProps) {
  const { data: me } = useSuspenseQuery(meDetail())
  const errorId = useId()
  return (
    <fieldset className={classes.fields} aria-describedby={error ? errorId : undefined}>
      <legend className={classes.legend}>What it may do</legend>
      <SegmentedControl
        aria-label="How much it may do"
        fullWidth
        data={[
          { value: 'all', label: 'All that I may' },
          { value: 'some', label: 'Only what I tick' },
        ]}
        value={value ? 'some' : 'all'}
        onChange={(choice) => onChange(choice === 'some' ? [] : null)}
      />
      {value && (
        <div className={classes.groups}>
          {scopeGroups(me.can).map((group) => {
            const whole = wholeScope(group)
            const isWhole = value.includes(whole)
            return (
              <Stack key={group.noun} gap={6} role="group" aria-label={group.title}>
                <Checkbox
                  label={<b>{group.title}: everything</b>}
                  checked={isWhole}
                  onChange={() => onChange(toggleScope(value, group, whole))}
                />
                {group.verbs.map(({ verb, words }) => (
                  <Checkbox
                    key={verb}
                    className={classes.verb}
                    label={words}
                    checked={isWhole || value.includes(verb)}
                    disabled={isWhole}
                    onChange={() => onChange(toggleScope(value, group, verb))}
                  />
                ))}
              </Stack>
            )
          })}
        </div>
      )}
      {error && (
        <Text id={errorId} size="xs" c="var(--mantine-color-error)" role="alert" mt={4}>
          {error}
        </Text>
      )}
    </fieldset>
  )
}
