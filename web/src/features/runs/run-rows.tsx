import type { Run } from '../../lib/api/types'
import { Duration, Moment } from '../../ui/moment'
import { Row, RowLink, Rows } from '../../ui/rows'
import { causeLabel } from './cause'
import classes from './run-rows.module.css'
import { deviceCount } from './state'
import { StateBadge, StateCounts } from './state-badge'

/** Runs, one a row. */
export function RunRows({ runs }: { runs: Run[] }) {
  return (
    <Rows label="Runs">
      {runs.map((run) => (
        <Row key={run.id}>
          <div className={classes.line}>
            <RowLink to="/runs/$run" params={{ run: run.id }}>
              {run.task.name}
            </RowLink>
            <StateBadge state={run.state} />
          </div>
          <div className={classes.line}>
            <span className={classes.words}>
              <Moment at={run.created_at} /> {causeLabel(run.cause)}, {run.finished_at ? 'took' : 'for'}{' '}
              <Duration from={run.created_at} to={run.finished_at} />
            </span>
            {deviceCount(run) > 1 && <StateCounts counts={run.counts} />}
          </div>
        </Row>
      ))}
    </Rows>
  )
}
