import { count } from '../../lib/words'
import { TextLink } from '../../ui/links'
import { Row, Rows } from '../../ui/rows'
import classes from './group-cards.module.css'
import type { ShownRoles } from './matrix'
import { ScopeList } from './scope-list'

/** The same as the table where there is no room for one: a group at a time, its roles under it. */
export function GroupCards({ groups, scopes, onProblem }: ShownRoles) {
  return (
    <Rows label="Roles of groups">
      {groups.map((group) => (
        <Row key={group.id}>
          <div className={classes.line}>
            <TextLink to="/groups/$group" params={{ group: group.id }} fw={600}>
              {group.name}
            </TextLink>
            <span className={classes.count}>{count(group.members, 'member')}</span>
          </div>
          <ScopeList group={group} scopes={scopes} onProblem={onProblem} />
        </Row>
      ))}
    </Rows>
  )
}
