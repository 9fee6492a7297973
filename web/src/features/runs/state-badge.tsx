import type { State } from '../../lib/api/types'
import { numberText } from '../../lib/locale'
import {
  CircleCheckIcon,
  CircleCrossIcon,
  CircleDotsIcon,
  CircleNoticeIcon,
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

/** Each state has a shape of its own, so that nobody has to tell them apart by colour. */
export const stateIcons: Record<State, Icon> = {
  pending: CircleDotsIcon,
  queued: ClockIcon,
  dispatched: SendIcon,
  running: SpinnerIcon,
  succeeded: CircleCheckIcon,
  failed: CircleCrossIcon,
  timed_out: HourglassIcon,
  cancelled: CircleStopIcon,
  expired: CircleNoticeIcon,
  rejected: ShieldIcon,
  skipped: SkipIcon,
  lost: QuestionIcon,
}

/** A state as a sign and a word. */
export function StateBadge({ state, count }: { state: State; count?: number }) {
  const Drawing = stateIcons[state]
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

interface StateFilterProps {
  counts: Record<string, number>
  chosen: State | undefined
  onChoose: (state: State | undefined) => void
}

/** The same counts, each a switch that narrows what is shown to its state. A chosen one stays when none is left in it. */
export function StateFilter({ counts, chosen, onChoose }: StateFilterProps) {
  const shown = orderedCounts(counts)
  if (chosen && !shown.some(({ state }) => state === chosen)) shown.push({ state: chosen, count: 0 })
  return (
    <ul className={classes.counts} aria-label="Executions by state">
      {shown.map(({ state, count }) => (
        <li key={state}>
          <button
            type="button"
            className={classes.switch}
            aria-pressed={state === chosen}
            onClick={() => onChoose(state === chosen ? undefined : state)}
          >
            <StateBadge state={state} count={count} />
          </button>
        </li>
      ))}
    </ul>
  )
}
