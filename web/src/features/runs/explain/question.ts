import type { State } from '../../../lib/api/types'
import { toneOf } from '../state'

/** What somebody asks who looks at an execution in this state. */
export function questionOf(state: State): string {
  switch (toneOf(state)) {
    case 'waiting':
      return 'Why does it wait?'
    case 'active':
      return 'What happens?'
    case 'good':
      return 'What happened?'
    default:
      return state === 'skipped' || state === 'expired' || state === 'rejected'
        ? 'Why did it not run?'
        : 'Why did it end so?'
  }
}
