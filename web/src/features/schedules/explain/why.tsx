import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { Schedule, Slot } from '../../../lib/api/types'
import { useLocale } from '../../../lib/locale'
import { viewerZone } from '../../../lib/time/zone'
import { Failed, LoadingRows } from '../../../ui/answers'
import { Question, Told } from '../../../ui/question'
import { CodeText } from '../../../ui/text'
import { scheduleExplanation } from '../queries'
import { scheduleQuestion, slotQuestion } from '../slot-words'
import { deviceZone, reckonedZone } from '../zones'
import { withTimes } from './instants'
import classes from './why.module.css'

/** What a schedule waits for, or why it does not fire; read when somebody asks. */
export function ScheduleWhy({ schedule }: { schedule: Schedule }) {
  return (
    <div className={classes.why}>
      <Question words={scheduleQuestion(schedule.state)}>
        <Answer query={scheduleExplanation(schedule.id)} timezone={schedule.spec.timezone} />
      </Question>
    </div>
  )
}

/** Why a slot became what it did. Of several that stand together it is about the first. */
export function SlotWhy({ schedule, slot }: { schedule: Schedule; slot: Slot }) {
  return (
    <Question words={slotQuestion(slot.state)}>
      <Answer
        query={scheduleExplanation(schedule.id, { at: slot.at, device: slot.device?.id })}
        timezone={schedule.spec.timezone}
      />
    </Question>
  )
}

interface AnswerProps {
  query: ReturnType<typeof scheduleExplanation>
  /** Of the schedule. */
  timezone?: string
}

function Answer({ query: asked, timezone }: AnswerProps) {
  const { language, timeZone: own } = useLocale()
  const query = useQuery(asked)
  if (!query.data) {
    return query.isError ? (
      <Failed error={query.error} onRetry={() => void query.refetch()} />
    ) : (
      <LoadingRows count={2} />
    )
  }
  const { answer, steps } = query.data
  const timeZone = timezone === deviceZone ? viewerZone(own) : reckonedZone(timezone)
  const words = (sentence: string) => withTimes(sentence, { language, timeZone })
  return (
    <Told>
      <Text size="sm" fw={550}>
        <CodeText>{words(answer)}</CodeText>
      </Text>
      {steps.length > 0 && (
        <ol className={classes.steps} aria-label="What leads there">
          {steps.map((step, place) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a step is known by its place
            <li key={place}>
              <CodeText>{words(step)}</CodeText>
            </li>
          ))}
        </ol>
      )}
    </Told>
  )
}
