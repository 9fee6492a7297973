import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { type FieldProblems, fieldProblems } from '../../lib/api/problem'
import type { FieldError, Targets, TargetsPreview } from '../../lib/api/types'
import { targetsPreview } from './queries'
import { isAnyNamed, type TargetField, targetFieldOf, toTargets } from './target-words'

/** What is to run there, which says who may start it: a stored task, or actions given at once. */
export interface WhatRuns {
  task?: string
  exec?: boolean
}

export interface PreviewState {
  /** What was last answered; null while nothing was, or cannot be. */
  preview: TargetsPreview | null
  /** Whether `preview` is about what is written now. */
  isCurrent: boolean
  problems: FieldProblems<TargetField>
}

/** So long nobody has typed before the server is asked. */
const quietMs = 250

/** What a run with these targets would be for, kept up to date while they are written and while devices come and go. */
export function useTargetsPreview(targets: Targets, what: WhatRuns): PreviewState {
  const asked = JSON.stringify({ ...what, targets: toTargets(targets) })
  const [settled] = useDebouncedValue(asked, quietMs)
  const query = useQuery({
    ...targetsPreview(JSON.parse(settled)),
    enabled: isAnyNamed(targets),
    placeholderData: keepPreviousData,
  })
  const preview = query.isError || !isAnyNamed(targets) ? null : (query.data ?? null)
  const isCurrent = asked === settled && !query.isPlaceholderData && preview !== null
  return { preview, isCurrent, problems: problemsOf(query.error, preview?.errors ?? []) }
}

/** What cannot be asked at all, or else what a start would be refused for. */
function problemsOf(error: unknown, errors: readonly FieldError[]): FieldProblems<TargetField> {
  if (error) return fieldProblems(error, targetFieldOf)
  const fields: FieldProblems<TargetField>['fields'] = {}
  for (const { pointer, detail } of errors) fields[targetFieldOf(pointer) ?? 'devices'] ??= detail
  return { fields, rest: null }
}
