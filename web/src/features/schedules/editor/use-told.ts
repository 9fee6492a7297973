import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { FieldError, ScheduleSpec } from '../../../lib/api/types'
import { lineOf } from '../../../lib/draft/yaml-text'
import { simulation } from '../queries'
import type { Draft } from './draft'
import { placeProblems, problemsOf } from './problems'
import { toSimulate } from './to-simulate'

const askAfterMs = 400
/** The server tells no more at once. */
export const firingsMax = 500

/** What the server says of a draft, once nobody has typed for a moment. */
export function useTold(draft: Draft) {
  const [settled] = useDebouncedValue(draft, askAfterMs)
  const spec = useMemo(() => toSimulate(settled), [settled])
  const query = useQuery({
    ...simulation({ spec: spec ?? emptySpec, count: firingsMax }),
    enabled: spec !== null,
    refetchInterval: ({ state }) => (state.status === 'error' ? false : 30_000),
  })
  const placed = useMemo(() => {
    const errors = spec && query.error ? problemsOf(query.error) : []
    return placeProblems(errors, settled.form)
  }, [spec, query.error, settled])
  const isForm = settled.view === 'form'
  return {
    draft: settled,
    spec,
    query,
    isOld: settled !== draft || query.isPlaceholderData,
    placed: isForm ? placed : { places: {}, rest: [] },
    problemTexts: spec && query.error ? textsOf(problemsOf(query.error), isForm ? null : settled.text) : [],
  }
}

const emptySpec: ScheduleSpec = { name: '', task: '', targets: {} }

function textsOf(errors: readonly FieldError[], yaml: string | null): string[] {
  return errors.map((error) => {
    const line = yaml === null ? undefined : lineOf(yaml, error.pointer)
    return line === undefined ? error.detail : `Line ${line}: ${error.detail}`
  })
}
