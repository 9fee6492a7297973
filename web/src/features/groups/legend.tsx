import { Text } from '@mantine/core'
import { roleName, roles, roleWords } from '../access/roles'
import classes from './legend.module.css'

/** How roles add up, and what each of them lets people do. */
export function Legend() {
  return (
    <div className={classes.legend}>
      <Text size="sm">
        Of all that a user's groups give in a place the most permissive counts, and super users may do
        everything.
      </Text>
      <dl className={classes.roles}>
        {roles.map((role) => (
          <div key={role}>
            <dt>{roleName(role)}</dt>
            <dd>{roleWords[role]}</dd>
          </div>
        ))}
      </dl>
    </div>
  )
}
