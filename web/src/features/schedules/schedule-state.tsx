import type { Schedule, ScheduleState } from '../../lib/api/types'
import { Tag, type TagTone } from '../../ui/tag'

const tones: Record<ScheduleState, TagTone> = { active: 'good', paused: 'waiting', done: 'neutral' }

/** Whether a schedule fires. */
export function ScheduleStateTag({ state }: Pick<Schedule, 'state'>) {
  return <Tag tone={tones[state]}>{state}</Tag>
}
