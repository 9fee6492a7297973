import type { Group } from '../../lib/api/types'
import { count } from '../../lib/words'
import { TextLink } from '../../ui/links'
import classes from './matrix.module.css'
import { type RoleProblem, RoleSelect } from './role-select'
import type { Scope } from './scopes'

export interface ShownRoles {
  groups: readonly Group[]
  scopes: readonly Scope[]
  onProblem: (problem: RoleProblem | null) => void
}

/** A row for each group, a column for everywhere, for each device group, and for the items of each type. */
export function Matrix({ groups, scopes, onProblem }: ShownRoles) {
  return (
    <section className={classes.frame} aria-label="Roles of groups" tabIndex={0}>
      <table className={classes.matrix}>
        <thead>
          <tr>
            <th scope="col">Group</th>
            {scopes.map((scope) => (
              <th key={scope.id ?? ''} scope="col">
                <ScopeName scope={scope} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {groups.map((group) => (
            <tr key={group.id}>
              <th scope="row">
                <TextLink to="/groups/$group" params={{ group: group.id }}>
                  {group.name}
                </TextLink>
                <span className={classes.count}>{count(group.members, 'member')}</span>
              </th>
              {group.super ? (
                <td colSpan={scopes.length} className={classes.fixed}>
                  Super users: everything, everywhere. Nothing overrides that.
                </td>
              ) : (
                scopes.map((scope) => (
                  <td key={scope.id ?? ''}>
                    <RoleSelect group={group} scope={scope} onProblem={onProblem} />
                  </td>
                ))
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

function ScopeName({ scope: { kind, id, name } }: { scope: Scope }) {
  if (!id) return name
  if (kind === 'item-type') {
    return (
      <TextLink to="/item-types/$type" params={{ type: id }} inherit c="inherit">
        {name}
      </TextLink>
    )
  }
  return (
    <TextLink to="/device-groups/$group" params={{ group: id }} inherit c="inherit">
      {name}
    </TextLink>
  )
}
