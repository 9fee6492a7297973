import { SegmentedControl, Text } from '@mantine/core'
import { useState } from 'react'
import type { Firing, Schedule, Slot } from '../../../lib/api/types'
import { useLocale } from '../../../lib/locale'
import { useNow } from '../../../lib/time/now'
import { viewerZone } from '../../../lib/time/zone'
import { count } from '../../../lib/words'
import { slotWord } from '../slot-words'
import { deviceZone, firingText, reckonedZone, zoneName } from '../zones'
import {
  type Domain,
  domainOf,
  fittingSpan,
  type Lane,
  layOut,
  type Mark,
  type MarkKind,
  placeOf,
  type SpanWord,
  spanNamed,
  spans,
  ticksOf,
  upcomingMarks,
} from './layout'
import classes from './timeline.module.css'

/** So many marks fit side by side. */
const cells = 44
const lanesMax = 10

interface TimelineProps {
  schedule: Schedule
  /** Those that were read, newest first. */
  slots: readonly Slot[]
  /** Whether there are older ones. */
  hasOlder: boolean
  /** The next ones, soonest first. */
  upcoming: readonly Firing[]
  /** Whether there are later ones. */
  hasLater: boolean
}

/** What became of the slots and which are to come, as a picture; the list below it says the same. */
export function Timeline({ schedule, slots, hasOlder, upcoming, hasLater }: TimelineProps) {
  const now = useNow()
  const [chosen, setChosen] = useState<SpanWord | null>(null)
  const [fitting] = useState(() => fittingSpan(slots, upcoming, now.getTime()))
  const span = spanNamed(chosen ?? fitting)
  const domain = domainOf(span, now.getTime())
  const { timeZone: own } = useLocale()
  // What was is a moment: where devices go by their own clocks it is told by that of whoever looks.
  const isOwn = schedule.spec.timezone === deviceZone
  const timeZone = isOwn ? viewerZone(own) : reckonedZone(schedule.spec.timezone)
  const lanes = layOut(slots, domain, cells)
  const coming = upcomingMarks(upcoming, domain, cells)
  const shown = lanes.slice(0, lanesMax)
  const oldest = slots.at(-1)
  const isCut = hasOlder && oldest !== undefined && Date.parse(oldest.at) > domain.from
  const last = upcoming.at(-1)
  const isShort = hasLater && last !== undefined && Date.parse(last.at) < domain.until
  return (
    <div className={classes.timeline}>
      <div className={classes.head}>
        <SegmentedControl
          aria-label="How much time is shown"
          size="xs"
          data={spans.map(({ value, label }) => ({ value, label }))}
          value={span.value}
          onChange={(word) => setChosen(word as SpanWord)}
        />
        <Legend kinds={kindsIn(lanes, coming)} />
      </div>
      <div className={classes.picture} role="img" aria-label={pictureWords(lanes, coming, span.label)}>
        {shown.length === 0 && (
          <LaneView lane={emptyLane} coming={coming} domain={domain} now={now} timeZone={timeZone} />
        )}
        {shown.map((lane) => (
          <LaneView key={lane.id} lane={lane} coming={coming} domain={domain} now={now} timeZone={timeZone} />
        ))}
        <Axis domain={domain} tickMs={span.tickMs} timeZone={timeZone} now={now} />
      </div>
      <Text size="xs" c="dimmed">
        Times in {zoneName(timeZone)}.
        {isOwn && ' Each device fires by its own clock: when next, its row below says.'}
        {lanes.length > lanesMax && ` ${count(lanes.length - lanesMax, 'more device')} below.`}
        {isShort && ` Of those to come the next ${upcoming.length} are shown.`}
        {isCut && ' Older slots show when they are loaded below.'}
      </Text>
    </div>
  )
}

const emptyLane: Lane = { id: '', name: '', marks: [] }

interface LaneProps {
  lane: Lane
  coming: readonly Mark[]
  domain: Domain
  now: Date
  timeZone: string
}

function LaneView({ lane, coming, domain, now, timeZone }: LaneProps) {
  const place = percent(placeOf(now.getTime(), domain))
  return (
    <div className={classes.lane}>
      {lane.name && <span className={classes.name}>{lane.name}</span>}
      <svg className={classes.track} aria-hidden="true" focusable="false">
        <line x1="0" x2="100%" y1="20" y2="20" className={classes.line} />
        <line x1={place} x2={place} y1="6" y2="34" className={classes.now} />
        {[...lane.marks, ...coming].map((mark) => (
          <MarkView key={`${mark.kind} ${mark.at}`} mark={mark} timeZone={timeZone} />
        ))}
      </svg>
    </div>
  )
}

/** Marks that are wider than this are bars. */
const barFrom = 0.025

function MarkView({ mark, timeZone }: { mark: Mark; timeZone: string }) {
  const { language } = useLocale()
  const { kind, from, to, count: slotCount } = mark
  const format = { language, timeZone }
  const first = firingText(new Date(mark.at), format)
  const title = `${first}${mark.until === mark.at ? '' : ` to ${firingText(new Date(mark.until), format)}`}: ${slotCount > 1 ? `${slotCount} ` : ''}${slotWord(kind)}`
  if (to - from > barFrom) {
    // A number has its place within the bar, or above one that is too narrow.
    const isWide = to - from > barFrom * 2
    return (
      <g className={classes.mark} data-kind={kind}>
        <title>{title}</title>
        <rect
          x={percent(from)}
          width={percent(to - from)}
          y="13"
          height="14"
          rx="4"
          className={classes.bar}
        />
        <text
          x={percent((from + to) / 2)}
          y={isWide ? 24 : 10}
          textAnchor="middle"
          className={isWide ? classes.count : classes.small}
        >
          {slotCount}
        </text>
      </g>
    )
  }
  return (
    <svg x={percent((from + to) / 2)} y="20" overflow="visible" className={classes.mark} data-kind={kind}>
      <title>{title}</title>
      <Glyph kind={kind} />
      {slotCount > 1 && (
        <text y="-8.500" textAnchor="middle" className={classes.small}>
          {slotCount > 99 ? '99+' : slotCount}
        </text>
      )}
    </svg>
  )
}

/** Each has a shape of its own: the colour alone says nothing to some. */
function Glyph({ kind }: { kind: MarkKind }) {
  switch (kind) {
    case 'fired':
      return <circle r="5" className={classes.filled} />
    case 'failed':
      return (
        <>
          <circle r="5.500" className={classes.filled} />
          <path d="M-2 -2L2 2M2 -2L-2 2" className={classes.inner} />
        </>
      )
    case 'caught_up':
      return <path d="M0 -6L6 0L0 6L-6 0Z" className={classes.filled} />
    case 'skipped':
      return <rect x="-4" y="-4" width="8" height="8" rx="1" className={classes.hollow} />
    case 'missed':
      return <path d="M-4.500 -4.500L4.500 4.500M4.500 -4.500L-4.500 4.500" className={classes.cross} />
    case 'upcoming':
      return <circle r="4.500" className={classes.hollow} />
    case 'blocked':
      return (
        <>
          <circle r="4.500" className={classes.hollow} />
          <path d="M-3.200 3.200L3.200 -3.200" className={classes.stroke} />
        </>
      )
  }
}

interface AxisProps {
  domain: Domain
  tickMs: number
  timeZone: string
  now: Date
}

function Axis({ domain, tickMs, timeZone, now }: AxisProps) {
  const { language } = useLocale()
  const nowPlace = placeOf(now.getTime(), domain)
  return (
    <svg className={classes.axis} aria-hidden="true" focusable="false">
      {ticksOf(domain, tickMs, { language, timeZone }).map(({ at, label }) => {
        const place = placeOf(at, domain)
        const x = percent(place)
        // What would stand out of the picture, or on the word for now, is left out.
        const fits = place > 0.05 && place < 0.95 && Math.abs(place - nowPlace) > 0.09
        return (
          <g key={at}>
            <line x1={x} x2={x} y1="0" y2="5" className={classes.line} />
            {fits && (
              <text x={x} y="17" textAnchor="middle" className={classes.tick}>
                {label}
              </text>
            )}
          </g>
        )
      })}
      <text x={percent(nowPlace)} y="17" textAnchor="middle" className={classes.nowWord}>
        now
      </text>
    </svg>
  )
}

function Legend({ kinds }: { kinds: readonly MarkKind[] }) {
  if (kinds.length === 0) return null
  return (
    <ul className={classes.legend} aria-label="What the marks mean">
      {kinds.map((kind) => (
        <li key={kind}>
          <svg
            width="14"
            height="14"
            viewBox="-7 -7 14 14"
            className={classes.mark}
            data-kind={kind}
            aria-hidden="true"
            focusable="false"
          >
            <Glyph kind={kind} />
          </svg>
          {slotWord(kind)}
        </li>
      ))}
    </ul>
  )
}

const order: readonly MarkKind[] = [
  'fired',
  'failed',
  'caught_up',
  'skipped',
  'missed',
  'upcoming',
  'blocked',
]

function kindsIn(lanes: readonly Lane[], coming: readonly Mark[]): MarkKind[] {
  const there = new Set([...lanes.flatMap(({ marks }) => marks), ...coming].map(({ kind }) => kind))
  return order.filter((kind) => there.has(kind))
}

/** `The last and next slots: 12 fired, 1 skipped, 8 to come.` */
function pictureWords(lanes: readonly Lane[], coming: readonly Mark[], label: string): string {
  const marks = [...lanes.flatMap((lane) => lane.marks), ...coming]
  const parts = kindsIn(lanes, coming).map((kind) => {
    const sum = marks.filter((mark) => mark.kind === kind).reduce((total, mark) => total + mark.count, 0)
    return `${sum} ${slotWord(kind)}`
  })
  return `Slots around now (${label}): ${parts.length > 0 ? parts.join(', ') : 'none'}. The list below says the same.`
}

function percent(part: number): string {
  return `${(part * 100).toFixed(2)}%`
}
