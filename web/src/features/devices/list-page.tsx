import { Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData } from '@tanstack/react-query'
import { useState } from 'react'
import { usePagedList } from '../../lib/api/pages'
import { fieldProblems } from '../../lib/api/problem'
import type { Device } from '../../lib/api/types'
import { count } from '../../lib/words'
import { ListAnswer, LoadMore, NothingHere } from '../../ui/answers'
import { DeviceIcon, PlusIcon, RunIcon, SearchIcon } from '../../ui/icons'
import { GroupTags, LabelTags } from '../../ui/labels'
import { Page } from '../../ui/page'
import { Row, RowLink, Rows } from '../../ui/rows'
import { CodeText } from '../../ui/text'
import { ActionButton } from '../access/action-button'
import { useMay } from '../access/queries'
import { RunDialog } from '../runs/run-dialog-lazy'
import { EnrollDialog } from './enroll-dialog'
import classes from './list-page.module.css'
import { PresenceSign } from './presence'
import { deviceList } from './queries'
import { matchesSearch } from './search'
import { selectorHint } from './selector-field'
import selectorClasses from './selector-field.module.css'

/** From here on a search box pays, and a selector. */
const searchableFrom = 6
const selectableFrom = 2

/** So long nobody has typed before a selector is tried. */
const quietMs = 250

/** The organization's devices. */
export function DevicesPage() {
  const may = useMay()
  const [search, setSearch] = useState('')
  const [selector, setSelector] = useState('')
  const [selected] = useDebouncedValue(selector.trim(), quietMs)
  // What was read stays on the screen while another selector is tried.
  const list = { ...deviceList(selected), placeholderData: keepPreviousData }
  const { query, items } = usePagedList(list, { whole: search !== '' })
  const all = usePagedList(deviceList())
  const selectorProblem = fieldProblems(query.error, (pointer) =>
    pointer === '/selector' ? 'selector' : null,
  )
  const [open, setOpen] = useState<'enroll' | 'run' | null>(null)
  const enroll = (
    <ActionButton
      may={may('devices.enroll')}
      why={{ verb: 'devices.enroll' }}
      leftSection={<PlusIcon size={16} />}
      onClick={() => setOpen('enroll')}
    >
      Enrol a device
    </ActionButton>
  )
  return (
    <Page
      title="Devices"
      actions={
        <>
          {isLong(all.items, 1) && (
            <ActionButton
              may={may('runs.start')}
              why={{ verb: 'runs.exec' }}
              variant="default"
              leftSection={<RunIcon size={15} />}
              onClick={() => setOpen('run')}
            >
              {may('runs.start') && !may('runs.exec') ? 'Run a task' : 'Run a command'}
            </ActionButton>
          )}
          {enroll}
        </>
      }
    >
      {(isLong(all.items, selectableFrom) || selector !== '') && (
        <TextInput
          mb="md"
          label="Selector"
          description={<CodeText>{selectorHint}</CodeText>}
          placeholder="role=web and os!=alpine"
          classNames={{ input: selectorClasses.input }}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          value={selector}
          error={selectorProblem.fields.selector && <CodeText>{selectorProblem.fields.selector}</CodeText>}
          onChange={(event) => setSelector(event.currentTarget.value)}
        />
      )}
      {!selectorProblem.fields.selector && (
        <ListAnswer
          query={query}
          items={items}
          empty={selected ? <NoneMatches /> : <NoDevices onEnroll={() => setOpen('enroll')} />}
        >
          {(devices) => (
            <>
              {(isLong(devices, searchableFrom) || search !== '') && (
                <TextInput
                  aria-label="Search the devices"
                  placeholder="Name or label"
                  leftSection={<SearchIcon size={16} />}
                  value={search}
                  onChange={(event) => setSearch(event.currentTarget.value)}
                />
              )}
              <DeviceRows devices={devices.filter((device) => matchesSearch(device, search))} />
              <LoadMore query={query} what="devices" />
            </>
          )}
        </ListAnswer>
      )}
      {open === 'enroll' && <EnrollDialog onClose={() => setOpen(null)} />}
      {open === 'run' && <RunDialog selector={selected} onClose={() => setOpen(null)} />}
    </Page>
  )
}

function isLong(items: readonly unknown[] | undefined, from: number): boolean {
  return items !== undefined && items.length >= from
}

function NoneMatches() {
  return <Text role="status">No device matches.</Text>
}

function DeviceRows({ devices }: { devices: Device[] }) {
  if (devices.length === 0) return <NoneMatches />
  return (
    <Rows label="Devices">
      {devices.map((device) => (
        <Row key={device.id}>
          <div className={classes.line}>
            <RowLink to="/devices/$device" params={{ device: device.id }}>
              {device.name}
            </RowLink>
            <PresenceSign device={device} />
          </div>
          <div className={classes.line}>
            <span className={classes.tags}>
              <GroupTags label="Device groups" names={device.groups} />
              <LabelTags labels={device.labels} />
            </span>
            <span className={classes.facts}>
              {device.queued > 0 && <span>{count(device.queued, 'run')} waiting</span>}
              <span>agent {device.agent_version}</span>
            </span>
          </div>
        </Row>
      ))}
    </Rows>
  )
}

function NoDevices({ onEnroll }: { onEnroll: () => void }) {
  const may = useMay()
  return (
    <NothingHere
      icon={DeviceIcon}
      title="No devices yet"
      action={
        <ActionButton
          may={may('devices.enroll')}
          why={{ verb: 'devices.enroll' }}
          leftSection={<PlusIcon size={16} />}
          onClick={onEnroll}
        >
          Enrol the first device
        </ActionButton>
      }
    >
      A device is a Linux machine that runs the agent, taskeyd. It connects to this server from the inside, so
      nothing has to be opened in its firewall. You get a command to type there, and it shows up here at once.
    </NothingHere>
  )
}
