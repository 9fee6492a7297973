import { Text } from '@mantine/core'
import { usePagedList } from '../../lib/api/pages'
import type { Holding, Schedule } from '../../lib/api/types'
import { ListAnswer, LoadMore } from '../../ui/answers'
import { TextLink } from '../../ui/links'
import { Moment } from '../../ui/moment'
import { Row, Rows } from '../../ui/rows'
import { Section } from '../../ui/section'
import { Tag, type TagTone } from '../../ui/tag'
import { PresenceWord } from '../devices/presence'
import { reasonText } from '../runs/reason'
import classes from './holdings-section.module.css'
import { holdingList } from './queries'
import { writtenTargets } from './target-words'
import { ZonedMoment } from './zoned-moment'

/** Which device holds what of a schedule, and when it fires next there. */
export function HoldingsSection({ schedule }: { schedule: Schedule }) {
  return (
    <Section title="Devices">
      {schedule.spec.where === 'server' ? (
        <Text size="sm">
          The server fires it, on {writtenTargets(schedule.spec.targets)}. Devices keep nothing of it.
        </Text>
      ) : (
        <Holdings schedule={schedule} />
      )}
    </Section>
  )
}

function Holdings({ schedule }: { schedule: Schedule }) {
  const { query, items } = usePagedList(holdingList(schedule.id))
  return (
    <ListAnswer
      query={query}
      items={items}
      empty={
        <Text size="sm" c="dimmed">
          None of its targets is enrolled.
        </Text>
      }
    >
      {(holdings) => (
        <>
          {schedule.state !== 'active' && <NotKept schedule={schedule} holdings={holdings} />}
          <Rows label="Devices">
            {holdings.map((holding) => (
              <HoldingRow key={holding.device.id} holding={holding} schedule={schedule} />
            ))}
          </Rows>
          <LoadMore query={query} what="devices" />
        </>
      )}
    </ListAnswer>
  )
}

/** Of a schedule that does not fire: whether its devices have dropped it. */
function NotKept({ schedule, holdings }: { schedule: Schedule; holdings: Holding[] }) {
  const kept = holdings.some((holding) => holding.revision != null)
  return (
    <Text size="sm" c="dimmed" mb="xs">
      {kept
        ? `It is ${schedule.state}. Devices that still keep it have not heard of that.`
        : `No device keeps it while it is ${schedule.state}.`}
    </Text>
  )
}

function HoldingRow({ holding, schedule }: { holding: Holding; schedule: Schedule }) {
  const { device, online, since, lease_until, timezone, next_at, reason } = holding
  const { tone, words } = heldWords(holding, schedule)
  return (
    <Row>
      <div className={classes.line}>
        <span className={classes.device}>
          <TextLink to="/devices/$device" params={{ device: device.id }} fw={600}>
            {device.name}
          </TextLink>
          <PresenceWord presence={online ? 'online' : 'offline'} />
        </span>
        <Tag tone={tone}>{words}</Tag>
      </div>
      <div className={classes.facts}>
        {next_at && (
          <span>
            next <ZonedMoment at={next_at} />
          </span>
        )}
        {since && (
          <span>
            fires since <Moment at={since} />
          </span>
        )}
        {lease_until && (
          <span>
            without the server it stops <Moment at={lease_until} />
          </span>
        )}
        {timezone && <span>its clock is in {timezone}</span>}
      </div>
      {reason && <Text size="sm">{reasonText(reason)}</Text>}
    </Row>
  )
}

function heldWords(holding: Holding, schedule: Schedule): { tone: TagTone; words: string } {
  const { completed, revision: held } = holding
  if (completed && schedule.spec.run_once) return { tone: 'neutral', words: 'has run it' }
  if (schedule.state !== 'active') {
    return held == null
      ? { tone: 'neutral', words: 'keeps nothing' }
      : { tone: 'waiting', words: `still holds revision ${held}` }
  }
  if (held == null) return { tone: 'waiting', words: 'not told yet' }
  return held === schedule.revision
    ? { tone: 'good', words: `holds revision ${held}` }
    : { tone: 'waiting', words: `holds revision ${held} of ${schedule.revision}` }
}
