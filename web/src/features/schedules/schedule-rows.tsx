import { Text } from '@mantine/core'
import type { Schedule } from '../../lib/api/types'
import { Row, RowLink, Rows } from '../../ui/rows'
import { reasonText } from '../runs/reason'
import classes from './schedule-rows.module.css'
import { ScheduleStateTag } from './schedule-state'
import { targetWords } from './target-words'
import { ZonedMoment } from './zoned-moment'

/** Schedules, one a row. */
export function ScheduleRows({ schedules }: { schedules: readonly Schedule[] }) {
  return (
    <Rows label="Schedules">
      {schedules.map((schedule) => (
        <Row key={schedule.id}>
          <div className={classes.line}>
            <RowLink to="/schedules/$schedule" params={{ schedule: schedule.id }}>
              {schedule.name}
            </RowLink>
            <ScheduleStateTag state={schedule.state} />
          </div>
          <Text size="sm" className={classes.words}>
            {schedule.words}
          </Text>
          {schedule.reason && (
            <Text size="sm" c="dimmed" className={classes.words}>
              {reasonText(schedule.reason)}
            </Text>
          )}
          <div className={classes.facts}>
            <span>
              {schedule.task.name} · {targetWords(schedule)}
            </span>
            {schedule.next_at && (
              <span>
                next <ZonedMoment at={schedule.next_at} timezone={schedule.spec.timezone} />
              </span>
            )}
          </div>
        </Row>
      ))}
    </Rows>
  )
}
