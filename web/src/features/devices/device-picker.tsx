import { Button, Group, Loader, Text, TextInput } from '@mantine/core'
import { useVirtualizer } from '@tanstack/react-virtual'
import { type CSSProperties, useId, useRef, useState } from 'react'
import type { Device } from '../../lib/api/types'
import { count } from '../../lib/words'
import { Failed } from '../../ui/answers'
import { SearchIcon } from '../../ui/icons'
import { type Refusal, WhyButton } from '../access/why'
import classes from './device-picker.module.css'
import { PresenceWord } from './presence'
import { matchesSearch } from './search'

const rowHeight = 38

interface DevicePickerProps {
  list: {
    query: {
      isPending: boolean
      isError: boolean
      error: unknown
      hasNextPage: boolean
      refetch: () => unknown
    }
    items: Device[] | undefined
  }
  /** Ids. */
  chosen: readonly string[]
  problem?: string
  /** Why a device cannot be chosen; null where it can. */
  refusal?: (device: Device) => Refusal | null
  onChange: (ids: string[]) => void
}

/** Chooses any number of devices, found by name or label. */
export function DevicePicker({ list, chosen, problem, refusal = () => null, onChange }: DevicePickerProps) {
  const [search, setSearch] = useState('')
  const problemId = useId()
  const { query, items } = list
  const shown = (items ?? []).filter((device) => matchesSearch(device, search))
  const choosable = shown.filter((device) => !refusal(device))
  const areAllChosen = choosable.length > 0 && choosable.every((device) => chosen.includes(device.id))

  const toggleShown = () => {
    const ids = choosable.map((device) => device.id)
    onChange(areAllChosen ? chosen.filter((id) => !ids.includes(id)) : [...new Set([...chosen, ...ids])])
  }

  return (
    <fieldset className={classes.picker} aria-describedby={problem ? problemId : undefined}>
      <legend className={classes.legend}>Devices</legend>
      <Group gap="xs" mb={6}>
        <TextInput
          className={classes.search}
          aria-label="Search the devices"
          placeholder="Name or label"
          leftSection={<SearchIcon size={16} />}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
          // Enter is for finding here, not for starting the run.
          onKeyDown={(event) => event.key === 'Enter' && event.preventDefault()}
        />
        <Button variant="default" onClick={toggleShown} disabled={choosable.length === 0}>
          {areAllChosen ? 'Choose none' : search ? 'Choose all found' : 'Choose all'}
        </Button>
      </Group>
      {query.isPending && <Loader size="sm" aria-label="Loading the devices" />}
      {query.isError && <Failed error={query.error} onRetry={() => void query.refetch()} />}
      {items && <Choices devices={shown} chosen={chosen} refusal={refusal} onChange={onChange} />}
      <Text size="xs" c="dimmed" mt={4} role="status">
        {count(chosen.length, 'device')} chosen{query.hasNextPage ? ', still loading more' : ''}
      </Text>
      {problem && (
        <Text id={problemId} size="xs" c="var(--mantine-color-error)" role="alert">
          {problem}
        </Text>
      )}
    </fieldset>
  )
}

interface ChoicesProps {
  devices: Device[]
  chosen: readonly string[]
  refusal: (device: Device) => Refusal | null
  onChange: (ids: string[]) => void
}

function Choices({ devices, chosen, refusal, onChange }: ChoicesProps) {
  const frame = useRef<HTMLDivElement>(null)
  const rows = useVirtualizer({
    count: devices.length,
    getScrollElement: () => frame.current,
    estimateSize: () => rowHeight,
    overscan: 6,
  })
  const toggle = (id: string) =>
    onChange(chosen.includes(id) ? chosen.filter((each) => each !== id) : [...chosen, id])

  if (devices.length === 0) return <Text size="sm">No device matches.</Text>
  return (
    <div ref={frame} className={classes.frame}>
      <div className={classes.sheet} style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map(({ index, start }) => {
          const device = devices[index]
          if (!device) return null
          return (
            <Choice
              key={device.id}
              device={device}
              style={{ height: rowHeight, transform: `translateY(${start}px)` }}
              isChosen={chosen.includes(device.id)}
              why={refusal(device)}
              onToggle={() => toggle(device.id)}
            />
          )
        })}
      </div>
    </div>
  )
}

interface ChoiceProps {
  device: Device
  style: CSSProperties
  isChosen: boolean
  why: Refusal | null
  onToggle: () => void
}

function Choice({ device, style, isChosen, why, onToggle }: ChoiceProps) {
  return (
    <div className={classes.choice} style={style}>
      <label className={classes.label} data-refused={why ? true : undefined}>
        <input
          type="checkbox"
          checked={isChosen}
          // What was chosen for something else can be taken back.
          disabled={why !== null && !isChosen}
          onChange={onToggle}
        />
        <span className={classes.name}>{device.name}</span>
        <PresenceWord presence={device.presence} />
      </label>
      {why && <WhyButton {...why} />}
    </div>
  )
}
