import { ActionIcon, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Firing, OnBlock, ScheduleSpec } from '../../../lib/api/types'
import { useLocale } from '../../../lib/locale'
import { count } from '../../../lib/words'
import { ClosedIcon, PreviousIcon } from '../../../ui/icons'
import { simulation } from '../queries'
import { reckonedZone, timeText, zoneName } from '../zones'
import { firingBlockedWords } from './blocked'
import { beforeMonth, type CalendarDay, type Month, monthAfter, monthOf, weeksOf } from './calendar'
import { dstWords } from './dst'
import classes from './month-calendar.module.css'

interface MonthCalendarProps {
  spec: ScheduleSpec
  /** The next firings from now on. */
  first: readonly Firing[]
  times: readonly string[]
  firingsMax: number
}

/** A month of firings, in the schedule's zone. */
export function MonthCalendar({ spec, first, times, firingsMax }: MonthCalendarProps) {
  const { language } = useLocale()
  const timeZone = reckonedZone(spec.timezone)
  const firstMonth = monthOf(new Date(first[0]?.at ?? 0), timeZone)
  const [turnedTo, setTurnedTo] = useState<Month | null>(null)
  const month = turnedTo && turnedTo > firstMonth ? turnedTo : firstMonth
  const isFirst = month === firstMonth
  const query = useQuery({
    ...simulation({ spec, count: firingsMax, from: beforeMonth(month, timeZone) }),
    enabled: !isFirst,
    placeholderData: undefined,
  })
  const firings = isFirst ? first : (query.data?.next ?? [])
  const isRead = isFirst || query.data !== undefined
  const weeks = weeksOf(month, firings, timeZone, firings.length >= firingsMax)
  const title = new Intl.DateTimeFormat(language, { month: 'long', year: 'numeric', timeZone: 'UTC' }).format(
    new Date(`${month}-01T00:00:00Z`),
  )
  const isCut = isRead && weeks.flat().some((day) => day && !day.isWhole)
  return (
    <section aria-label="Calendar">
      <div className={classes.head}>
        <Text size="sm" fw={600} role="status">
          {title}
        </Text>
        <span className={classes.turn}>
          <ActionIcon
            variant="default"
            aria-label="Month before"
            disabled={isFirst}
            onClick={() => setTurnedTo(monthAfter(month, -1))}
          >
            <PreviousIcon size={15} />
          </ActionIcon>
          <ActionIcon
            variant="default"
            aria-label="Month after"
            onClick={() => setTurnedTo(monthAfter(month, 1))}
          >
            <ClosedIcon size={15} />
          </ActionIcon>
        </span>
      </div>
      <table
        className={classes.month}
        aria-label={`Firings in ${title}, in ${zoneName(spec.timezone)}`}
        aria-busy={!isRead}
      >
        <thead>
          <tr>
            {dayNames(language).map(({ short, long }) => (
              <th key={long} scope="col">
                <abbr title={long}>{short}</abbr>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {weeks.map((week, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a week is known by its place in the month
            <tr key={index}>
              {week.map((day, place) =>
                day ? (
                  <Day key={day.date} day={day} timeZone={timeZone} times={times} onBlock={spec.on_block} />
                ) : (
                  // biome-ignore lint/suspicious/noArrayIndexKey: it has nothing else
                  <td key={place} className={classes.none} />
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {weeks.flat().some((day) => day?.firings.some(({ blocked }) => blocked)) && (
        <Text size="xs" c="dimmed" mt={4}>
          <span aria-hidden="true">{blockedSign} </span>
          {spec.on_block === 'defer' ? 'Blocked then: it waits.' : 'Blocked then: it does not fire.'}
        </Text>
      )}
      {isCut && (
        <Text size="xs" c="dimmed" mt={4}>
          It fires so often that only the first {count(firingsMax, 'slot')} are counted here.
        </Text>
      )}
    </section>
  )
}

const timesShownMax = 2

interface DayProps {
  day: CalendarDay
  timeZone: string
  times: readonly string[]
  onBlock?: OnBlock
}

function Day({ day, timeZone, times, onBlock }: DayProps) {
  const clocks = day.firings.map(({ at, blocked }) => ({
    clock: timeText(new Date(at), { timeZone }),
    blocked,
  }))
  const changes = day.firings.flatMap((firing) => dstWords(firing, timeZone, times) ?? [])
  const blocks = day.firings.flatMap((firing) => firingBlockedWords(firing, onBlock) ?? [])
  const open = clocks.filter(({ blocked }) => !blocked)
  const isMany = clocks.length > timesShownMax
  const [change] = changes
  const [block] = blocks
  return (
    <td
      className={classes.day}
      data-fires={open.length > 0 || undefined}
      data-blocked={(block && open.length === 0) || undefined}
      data-dst={(change && open.length > 0) || undefined}
      title={[change, block].filter(Boolean).join('; ') || undefined}
    >
      <span className={classes.number}>{Number(day.date.slice(8))}</span>
      {isMany ? (
        <span className={classes.time} data-blocked={open.length === 0 || undefined}>
          {open.length === 0 ? clocks.length : open.length}
          {day.isWhole ? '' : '+'}×
        </span>
      ) : (
        clocks.map(({ clock, blocked }) => (
          <span key={clock} className={classes.time} data-blocked={blocked ? true : undefined}>
            {clock}
          </span>
        ))
      )}
      {change && <DayMark sign="±" words={change} />}
      {block && <DayMark sign={blockedSign} words={block} />}
    </td>
  )
}

const blockedSign = '⊘'

function DayMark({ sign, words }: { sign: string; words: string }) {
  return (
    <span className={classes.mark}>
      <span aria-hidden="true">{sign}</span>
      <span className={classes.said}>{words}</span>
    </span>
  )
}

/** Monday first. */
function dayNames(language: string | undefined) {
  const name = (weekday: 'narrow' | 'short' | 'long', day: number) =>
    new Intl.DateTimeFormat(language, { weekday, timeZone: 'UTC' }).format(Date.UTC(2024, 0, day))
  return Array.from({ length: 7 }, (_, index) => ({
    short: name('short', index + 1),
    long: name('long', index + 1),
  }))
}
