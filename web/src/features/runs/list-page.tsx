import { Select } from '@mantine/core'
import { getRouteApi } from '@tanstack/react-router'
import { usePagedList } from '../../lib/api/pages'
import { ListAnswer, LoadMore, NothingHere } from '../../ui/answers'
import { RunIcon } from '../../ui/icons'
import { ButtonLink } from '../../ui/links'
import { Page } from '../../ui/page'
import type { RunFilter } from './filter'
import { parseRunFilter } from './filter'
import { runList } from './queries'
import { RunRows } from './run-rows'
import { states, stateWord } from './state'

const route = getRouteApi('/in/runs')
const anyState = { value: '', label: 'Any state' }

/** What ran, newest first. */
export function RunsPage() {
  const filter = route.useSearch()
  const { query, items } = usePagedList(runList(filter))
  return (
    <Page title="Runs" actions={<StateFilter filter={filter} />}>
      <ListAnswer query={query} items={items} empty={<NoRuns filter={filter} />}>
        {(runs) => (
          <>
            <RunRows runs={runs} />
            <LoadMore query={query} what="runs" />
          </>
        )}
      </ListAnswer>
    </Page>
  )
}

function StateFilter({ filter }: { filter: RunFilter }) {
  const navigate = route.useNavigate()
  return (
    <Select
      aria-label="Show runs in the state"
      w={170}
      data={[anyState, ...states.map((state) => ({ value: state, label: stateWord(state) }))]}
      value={filter.state ?? ''}
      allowDeselect={false}
      onChange={(state) => void navigate({ search: parseRunFilter({ state }), replace: true })}
    />
  )
}

function NoRuns({ filter }: { filter: RunFilter }) {
  if (filter.state) {
    return (
      <NothingHere icon={RunIcon} title={`No run is ${stateWord(filter.state)}`}>
        Choose another state to see other runs.
      </NothingHere>
    )
  }
  return (
    <NothingHere
      icon={RunIcon}
      title="Nothing has run yet"
      action={
        <ButtonLink to="/devices" variant="default">
          Go to the devices
        </ButtonLink>
      }
    >
      A run is one start of a task or command on one or many devices. Start one from a device or a task, and
      follow it here.
    </NothingHere>
  )
}
