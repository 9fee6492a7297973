import { Text } from '@mantine/core'
import { getRouteApi } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { Run } from '../../../lib/api/types'
import { numberText } from '../../../lib/locale'
import { count } from '../../../lib/words'
import { Failed, LoadingRows } from '../../../ui/answers'
import { Section } from '../../../ui/section'
import { deviceCount, stateWord } from '../state'
import { StateFilter } from '../state-badge'
import { TileGrid } from './tile-grid'
import { countsOf, placesOf } from './tiles'
import { useGrid } from './use-grid'

const route = getRouteApi('/in/runs/$run')

/** From here on a run is drawn as a grid: fewer devices are told apart by their names. */
export const gridFrom = 10

/** A run on many devices at a glance, live: a tile for each, and its states as a filter. */
export function GridSection({ run }: { run: Run }) {
  const { execution, state } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useGrid(run.id)
  const grid = query.data
  const counts = useMemo(() => (grid ? countsOf(grid) : run.counts), [grid, run.counts])
  const places = useMemo(() => grid && placesOf(grid, state), [grid, state])
  return (
    <>
      <StateFilter
        counts={counts}
        chosen={state}
        onChoose={(chosen) =>
          void navigate({
            search: (before) => ({ ...before, state: chosen }),
            replace: true,
            resetScroll: false,
          })
        }
      />
      <Section title="All devices">
        {query.isError && <Failed error={query.error} onRetry={() => void query.refetch()} />}
        {query.isPending && <LoadingRows />}
        {grid && places && (
          <>
            <Text size="sm" c="dimmed" mb="xs" id="grid-hint">
              {state
                ? `${numberText(places.length)} of ${count(deviceCount({ counts }), 'device')}: ${stateWord(state)}.`
                : `${count(places.length, 'device')}, a tile each.`}{' '}
              Choose one to see what happens on it.
            </Text>
            {places.length === 0 ? (
              <Text size="sm" role="status">
                No device is {state && stateWord(state)} any more.
              </Text>
            ) : (
              <TileGrid
                grid={grid}
                places={places}
                chosenId={execution}
                onChoose={(id) =>
                  void navigate({
                    search: (before) => ({ ...before, execution: id, group: undefined }),
                    hash: 'on-device',
                    replace: true,
                    resetScroll: false,
                  })
                }
              />
            )}
          </>
        )}
      </Section>
    </>
  )
}
