import { Button, Select, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { usePagedList } from '../../../lib/api/pages'
import type { Schedule, Slot } from '../../../lib/api/types'
import { durationLabel } from '../../../lib/time/relative'
import { ListAnswer, LoadMore } from '../../../ui/answers'
import { TextLink } from '../../../ui/links'
import { ExactMoment } from '../../../ui/moment'
import { Row, Rows } from '../../../ui/rows'
import { Section } from '../../../ui/section'
import { Tag } from '../../../ui/tag'
import { reasonText } from '../../runs/reason'
import { StateBadge } from '../../runs/state-badge'
import { SlotWhy } from '../explain/why'
import { holdingList, slotList, upcomingList } from '../queries'
import { slotStates, slotTone, slotWord } from '../slot-words'
import { ZonedTimes } from '../zoned-moment'
import { deviceZone } from '../zones'
import { parseSlotSearch, type SlotSearch } from './slot-search'
import classes from './slots-section.module.css'
import { Timeline } from './timeline'

const route = getRouteApi('/in/schedules/$schedule')

/** A picture needs more of them than a list. */
const shownStep = 20

/** What became of the slots of a schedule, and which are to come: as a picture and one by one. */
export function SlotsSection({ schedule }: { schedule: Schedule }) {
  const filter = route.useSearch()
  const { query, items } = usePagedList(slotList(schedule.id, filter))
  const [shown, setShown] = useState(shownStep)
  const upcoming = useQuery(upcomingList(schedule.id))
  // Where devices go by their own clocks there is no one moment to draw.
  const isForecast = schedule.spec.timezone !== deviceZone
  const isFiltered = filter.device !== undefined || filter.state !== undefined
  return (
    <Section title="Slots">
      <Stack gap="md">
        {items && upcoming.data && (
          <Timeline
            key={`${filter.device} ${filter.state}`}
            schedule={schedule}
            slots={items}
            hasOlder={query.hasNextPage}
            upcoming={isForecast && !filter.state ? upcoming.data.items : []}
            hasLater={upcoming.data.next != null}
          />
        )}
        {(isFiltered || (items && items.length > 0)) && (
          <SlotFilters schedule={schedule} slots={items ?? []} filter={filter} />
        )}
        <ListAnswer query={query} items={items} empty={<NoSlots isFiltered={isFiltered} />}>
          {(slots) => (
            <>
              <SlotRows schedule={schedule} slots={slots.slice(0, shown)} />
              {slots.length > shown ? (
                <Button variant="default" onClick={() => setShown(shown + shownStep)}>
                  Show more slots
                </Button>
              ) : (
                <LoadMore query={query} what="slots" />
              )}
            </>
          )}
        </ListAnswer>
      </Stack>
    </Section>
  )
}

function NoSlots({ isFiltered }: { isFiltered: boolean }) {
  return (
    <Text size="sm" c="dimmed" role="status">
      {isFiltered ? 'No slot is like that.' : 'No slot has passed yet.'}
    </Text>
  )
}

interface FiltersProps {
  schedule: Schedule
  /** Those that were read. */
  slots: readonly Slot[]
  filter: SlotSearch
}

function SlotFilters({ schedule, slots, filter }: FiltersProps) {
  const navigate = route.useNavigate()
  const { items } = usePagedList(holdingList(schedule.id), { whole: true })
  // Those that keep it no more have slots all the same.
  const known = [...(items ?? []), ...slots].flatMap(({ device }) => (device?.name ? [device] : []))
  const devices = [...new Map(known.map(({ id, name }) => [id, name]))].map(([value, label]) => ({
    value,
    label,
  }))
  const change = (changed: SlotSearch) =>
    void navigate({ search: parseSlotSearch({ ...filter, ...changed }), replace: true, resetScroll: false })
  return (
    <div className={classes.filters}>
      {(devices.length > 1 || filter.device) && (
        <Select
          aria-label="Show slots of the device"
          searchable
          nothingFoundMessage="No such device"
          allowDeselect={false}
          data={[{ value: '', label: 'Any device' }, ...devices]}
          value={filter.device ?? ''}
          onChange={(device) => change({ device: device ?? undefined })}
        />
      )}
      <Select
        aria-label="Show slots that were"
        allowDeselect={false}
        data={[
          { value: '', label: 'Whatever became of them' },
          ...slotStates.map((state) => ({ value: state, label: slotWord(state) })),
        ]}
        value={filter.state ?? ''}
        onChange={(state) => change({ state: slotStates.find((each) => each === state) })}
      />
    </div>
  )
}

function SlotRows({ schedule, slots }: { schedule: Schedule; slots: readonly Slot[] }) {
  return (
    <Rows label="Slots">
      {slots.map((slot) => (
        <Row key={`${slot.at} ${slot.device?.id} ${slot.revision}`}>
          <div className={classes.line}>
            <span className={classes.when}>
              <SlotTime at={slot.at} timezone={schedule.spec.timezone} />
              {slot.until !== slot.at && (
                <span className={classes.until}>
                  to <SlotTime at={slot.until} timezone={schedule.spec.timezone} />
                </span>
              )}
            </span>
            <span className={classes.became}>
              <Tag tone={slotTone(slot.state)}>
                {slot.count > 1 && `${slot.count} `}
                {slotWord(slot.state)}
              </Tag>
              {slot.outcome && <StateBadge state={slot.outcome} />}
            </span>
          </div>
          {slot.reason && <Text size="sm">{reasonText(slot.reason)}</Text>}
          <div className={classes.facts}>
            <span>{slot.device ? <DeviceLink device={slot.device} /> : 'by the server'}</span>
            {slot.late_ms != null && <span>{lateWords(slot.late_ms)}</span>}
            {slot.run && (
              <TextLink to="/runs/$run" params={{ run: slot.run }}>
                Run
              </TextLink>
            )}
            <SlotWhy schedule={schedule} slot={slot} />
          </div>
        </Row>
      ))}
    </Rows>
  )
}

/** When it was: a moment, also where devices go by their own clocks. */
function SlotTime({ at, timezone }: { at: string; timezone?: string }) {
  return timezone === deviceZone ? <ExactMoment at={at} /> : <ZonedTimes at={at} timezone={timezone} />
}

function DeviceLink({ device }: { device: { id: string; name: string } }) {
  if (!device.name) return 'a device that was removed'
  return (
    <TextLink to="/devices/$device" params={{ device: device.id }}>
      {device.name}
    </TextLink>
  )
}

/** What is not worth a word: a clock ticks. */
const onTimeMs = 1_000

function lateWords(ms: number): string {
  return ms < onTimeMs ? 'on time' : `${durationLabel(ms)} late`
}
