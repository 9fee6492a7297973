import { Button, Stack, Text, Title } from '@mantine/core'
import { useState } from 'react'
import type { ScheduleSpec, Simulation } from '../../../lib/api/types'
import { useLocale } from '../../../lib/locale'
import { count, someOf } from '../../../lib/words'
import { Notice } from '../../../ui/notice'
import { CodeText } from '../../../ui/text'
import { dayText, deviceZone, reckonedZone, zoneName } from '../zones'
import { dstWords } from './dst'
import { FiringList } from './firing-list'
import { MonthCalendar } from './month-calendar'
import classes from './preview.module.css'

const shownFirst = 4
const shownMore = 30

interface PreviewProps {
  /** What was asked; null while there is too little of it. */
  spec: ScheduleSpec | null
  told: Simulation | undefined
  /** Whether something was changed since. */
  isOld: boolean
  problems: readonly string[]
  /** The times of day that its rules name. */
  times: readonly string[]
  firingsMax: number
  /** Whether it is about a schedule that is there. */
  isSaved: boolean
}

/** What a schedule would do: in words, as times, on a calendar, and where. */
export function Preview({ spec, told, isOld, problems, ...rest }: PreviewProps) {
  return (
    <Stack gap="md" className={classes.frame}>
      <Title order={2} size="h4">
        What it would do
      </Title>
      {problems.length > 0 ? (
        <Notice title="That cannot be reckoned with yet" role="status">
          <ul className={classes.list}>
            {problems.map((problem) => (
              <li key={problem}>
                <CodeText>{problem}</CodeText>
              </li>
            ))}
          </ul>
        </Notice>
      ) : spec === null ? (
        <Text size="sm" c="dimmed">
          Say on which devices and when, and its next firings show here as you type.
        </Text>
      ) : told ? (
        <Told spec={spec} told={told} isOld={isOld} {...rest} />
      ) : (
        <Text size="sm" c="dimmed" role="status">
          Reckoning…
        </Text>
      )}
    </Stack>
  )
}

interface ToldProps extends Omit<PreviewProps, 'spec' | 'told' | 'problems'> {
  spec: ScheduleSpec
  told: Simulation
}

function Told({ spec, told, isOld, times, firingsMax, isSaved }: ToldProps) {
  const [isAll, setAll] = useState(false)
  const { language } = useLocale()
  const zone = reckonedZone(spec.timezone)
  const shown = told.next.slice(0, isAll ? shownMore : shownFirst)
  const changes = [
    ...new Set(
      told.next.flatMap((firing) =>
        firing.dst ? [dayOf(firing.at, { language, timeZone: zone }, dstWords(firing, zone, times))] : [],
      ),
    ),
  ]
  const isEvery = spec.every != null || (spec.when ?? []).some(({ every }) => every != null)
  return (
    <div className={classes.told} data-old={isOld || undefined} aria-busy={isOld}>
      <Text fw={600} role="status" className={classes.words}>
        {told.words}
      </Text>
      {told.warnings.map((warning) => (
        <Notice key={warning}>{warning}</Notice>
      ))}
      {told.next.length === 0 ? (
        <Text size="sm">
          Nothing on the clock: it fires when the device starts or first gets it, or its time is over.
        </Text>
      ) : (
        <>
          <section aria-label="Next firings">
            <Text size="sm" fw={600} mb={4}>
              Next, in {zoneName(spec.timezone)}
            </Text>
            {spec.timezone === deviceZone && (
              <Text size="xs" c="dimmed" mb={4}>
                These are times of each device’s own clock.
              </Text>
            )}
            <FiringList firings={shown} timezone={spec.timezone} times={times} onBlock={spec.on_block} />
            {told.next.length > shownFirst && (
              <Button
                variant="subtle"
                size="compact-sm"
                mt={4}
                aria-expanded={isAll}
                onClick={() => setAll(!isAll)}
              >
                {isAll ? 'Show fewer' : `Show ${Math.min(shownMore, told.next.length) - shownFirst} more`}
              </Button>
            )}
            {isSaved && isEvery && (
              <Text size="xs" c="dimmed" mt={4}>
                “Every” is counted from when the schedule was made; here it is counted from now.
              </Text>
            )}
          </section>
          {changes.length > 0 && (
            <Notice title="When the clocks change">
              <ul className={classes.list}>
                {changes.slice(0, 2).map((change) => (
                  <li key={change}>{change}</li>
                ))}
              </ul>
            </Notice>
          )}
          <MonthCalendar key={zone} spec={spec} first={told.next} times={times} firingsMax={firingsMax} />
        </>
      )}
      <section aria-label="Devices">
        <Text size="sm" fw={600} mb={4}>
          On {count(told.device_count, 'device')}
        </Text>
        <Text size="sm" className={classes.devices}>
          {devicesText(told)}
        </Text>
      </section>
    </div>
  )
}

function dayOf(at: string, format: { language?: string; timeZone: string }, words: string | null): string {
  return `${dayText(new Date(at), format)}: ${words}`
}

/** So many names are read, more are not. */
const namesMax = 20

export function devicesText({ devices, device_count }: Simulation): string {
  if (device_count === 0) return 'None now.'
  const names = devices.slice(0, namesMax).map(({ name }) => name)
  const others = device_count - names.length
  return others > 0 ? `${names.join(', ')} and ${count(others, 'other')}` : someOf(names, namesMax)
}
