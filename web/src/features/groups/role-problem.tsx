import { Failed } from '../../ui/answers'
import type { RoleProblem } from './role-select'

/** That a role could not be saved; the field shows again what counts. */
export function RoleNotSaved({ problem }: { problem: RoleProblem }) {
  const place = problem.scope.id === null ? 'everywhere' : `in ${problem.scope.name}`
  return <Failed error={problem.error} title={`The role of ${problem.group.name} ${place} was not saved`} />
}
