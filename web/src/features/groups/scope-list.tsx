import { Text } from '@mantine/core'
import type { Group } from '../../lib/api/types'
import { type RoleProblem, RoleSelect } from './role-select'
import classes from './scope-list.module.css'
import type { Scope } from './scopes'

interface ScopeListProps {
  group: Group
  scopes: readonly Scope[]
  onProblem: (problem: RoleProblem | null) => void
}

/** One group's roles, a scope a line. */
export function ScopeList({ group, scopes, onProblem }: ScopeListProps) {
  if (group.super) {
    return (
      <Text size="sm" c="dimmed">
        Super users: everything, everywhere. Nothing overrides that.
      </Text>
    )
  }
  return (
    <div className={classes.list}>
      {scopes.map((scope) => (
        <div key={scope.id ?? ''} className={classes.line}>
          <span className={classes.name}>{scope.name}</span>
          <RoleSelect group={group} scope={scope} onProblem={onProblem} />
        </div>
      ))}
    </div>
  )
}
