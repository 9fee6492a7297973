import { Loader } from '@mantine/core'
import { useEffect } from 'react'
import type { Group, Override } from '../../lib/api/types'
import { CheckIcon, WarningIcon } from '../../ui/icons'
import { useSetRole } from './queries'
import classes from './role-select.module.css'
import { choicesOf, type Scope, setRole } from './scopes'

interface RoleSelectProps {
  group: Group
  scope: Scope
  /** Called with what went wrong, and with null when it no longer matters. */
  onProblem: (problem: RoleProblem | null) => void
}

export interface RoleProblem {
  group: Group
  scope: Scope
  error: unknown
}

/** A group's role in one scope, saved as soon as it is chosen; what cannot be saved goes back to what it was. */
export function RoleSelect({ group, scope, onProblem }: RoleSelectProps) {
  const save = useSetRole(group)
  const { error } = save
  // biome-ignore lint/correctness/useExhaustiveDependencies: told once for each failure
  useEffect(() => {
    if (error) onProblem({ group, scope, error })
  }, [error])

  const value = save.isPending ? save.variables.role : setRole(group, scope)
  return (
    <span className={classes.field} data-inherits={value === 'inherit' || undefined}>
      <select
        className={classes.select}
        aria-label={`${group.name}: ${scope.name}`}
        value={value}
        aria-busy={save.isPending}
        onChange={(event) => {
          onProblem(null)
          save.mutate({ scope, role: event.currentTarget.value as Override })
        }}
      >
        {choicesOf(group, scope).map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.label}
          </option>
        ))}
      </select>
      <span role="status" className={classes.outcome} data-outcome={save.status}>
        {save.isPending && <Loader size={14} aria-label="Saving" />}
        {save.isSuccess && (
          <>
            <CheckIcon size={16} />
            <span className={classes.word}>Saved</span>
          </>
        )}
        {save.isError && (
          <>
            <WarningIcon size={16} />
            <span className={classes.word}>Not saved</span>
          </>
        )}
      </span>
    </span>
  )
}
