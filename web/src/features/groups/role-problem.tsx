import { Failed } from '../../ui/answers'
import type { RoleProblem } from './role-select'
import type { Scope } from './scopes'

/** That a role could not be saved; the field shows again what counts. */
export function RoleNotSaved({ problem }: { problem: RoleProblem }) {
  const place = placeWords(problem.scope)
  return <Failed error={problem.error} title={`The role of ${problem.group.name} ${place} was not saved`} />
}

function placeWords({ kind, name }: Scope): string {
  switch (kind) {
    case 'everywhere':
      return 'everywhere'
    case 'device-group':
      return `in ${name}`
    case 'item-type':
      return `for ${name}`
  }
}
