import { Text } from '@mantine/core'
import { useMemo, useRef, useState } from 'react'
import type { State } from '../../../lib/api/types'
import { isOver } from '../state'
import type { OutputLine } from './lines'
import type { LiveOutput } from './live'
import { OutputRows } from './rows'
import { SearchField } from './search-field'
import { searchKeys } from './search-keys'
import { OutputToolbar, type ShownStreams } from './toolbar'
import { useSearch } from './use-search'
import classes from './viewer.module.css'

interface OutputViewerProps {
  output: LiveOutput
  /** Names the downloaded file. */
  name: string
  state: State
}

/** What an execution has printed, as it arrives. */
export function OutputViewer({ output, name, state }: OutputViewerProps) {
  const { lines, version, phase } = output
  const [shown, setShown] = useState<ShownStreams>('both')
  const [wraps, setWraps] = useState(true)
  const [follows, setFollows] = useState(true)
  const shows = useMemo(() => (row: OutputLine) => shown === 'both' || row.stream === shown, [shown])
  // biome-ignore lint/correctness/useExhaustiveDependencies: `lines` is added to in place, `version` tells when
  const rows = useMemo(
    () => (shown === 'both' ? [...lines.rows] : lines.rows.filter(shows)),
    [lines, version, shown, shows],
  )

  const search = useSearch(rows)
  const field = useRef<HTMLInputElement>(null)
  const frame = useRef<HTMLDivElement>(null)

  return (
    <section
      className={classes.viewer}
      aria-label="Output"
      onKeyDown={searchKeys(search, field, () => frame.current?.focus())}
    >
      <OutputToolbar
        lines={lines}
        shows={shows}
        name={name}
        search={<SearchField search={search} field={field} />}
        shown={shown}
        onShown={setShown}
        wraps={wraps}
        onWraps={setWraps}
        follows={follows}
        onFollows={setFollows}
      />
      {rows.length > 0 ? (
        <OutputRows
          frame={frame}
          rows={rows}
          wraps={wraps}
          follows={follows}
          onFollows={setFollows}
          found={search.found}
          current={search.current}
        />
      ) : (
        <Text size="sm" className={classes.nothing}>
          {nothingText(phase, state)}
        </Text>
      )}
      {phase === 'lost' && (
        <Text size="xs" role="status" className={classes.lost}>
          Connection lost. The output goes on when it is back.
        </Text>
      )}
    </section>
  )
}

function nothingText(phase: LiveOutput['phase'], state: State): string {
  if (phase === 'complete' || isOver(state)) return 'It printed nothing.'
  return state === 'running' ? 'Nothing printed yet.' : 'Waiting for it to begin.'
}
