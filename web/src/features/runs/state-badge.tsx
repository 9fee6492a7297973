import type { State } from '../../lib/api/types'
import { numberText } from '../../lib/locale'
import {
  CircleCheckIcon,
  CircleCrossIcon,
  CircleStopIcon,
  ClockIcon,
  HourglassIcon,
  type Icon,
  QuestionIcon,
  SendIcon,
  ShieldIcon,
  SkipIcon,
  SpinnerIcon,
} from '../../ui/icons'
import { orderedCounts, stateWord, toneOf } from './state'
import classes from './state-badge.module.css'

const icons: Record<State, Icon> = {
  pending: HourglassIcon,
  queued: ClockIcon,
  dispatched: SendIcon,
  running: SpinnerIcon,
  succeeded: CircleCheckIcon,
  failed: CircleCrossIcon,
  timed_out: HourglassIcon,
  cancelled: CircleStopIcon,
  expired: ClockIcon,
  rejected: ShieldIcon,
  skipped: SkipIcon,
  lost: QuestionIcon,
}

/** A state as a sign and a word. */
export function StateBadge({ state, count }: { state: State; count?: number }) {
  const Drawing = icons[state]
  return (
    <span className={classes.badge} data-tone={toneOf(state)} data-state={state}>
      <span className={classes.sign}>
        <Drawing size={14} />
      </span>
      {count === undefined ? stateWord(state) : `${numberText(count)} ${stateWord(state)}`}
    </span>
  )
}

/** How many executions are in each state. */
export function StateCounts({ counts }: { counts: Record<string, number> }) {
  return (
    <ul className={classes.counts} aria-label="Executions by state">
      {orderedCounts(counts).map(({ state, count }) => (
        <li key={state}>
          <StateBadge state={state} count={count} />
        </li>
      ))}
    </ul>
  )
}
