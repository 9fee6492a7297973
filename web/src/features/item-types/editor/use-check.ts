import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { CheckedItemType, ItemTypeSpec } from '../../../lib/api/types'
import { readYaml, type YamlProblem } from '../../../lib/draft/yaml-text'
import { isObject } from '../../inbox/fields/schema'
import { itemTypeCheck } from '../queries'
import { sampleFields } from './sample'
import { checkProblems } from './type-text'

const askAfterMs = 500

/** What the server says of a type, once nobody has typed for a moment. */
export interface Checked {
  told: CheckedItemType | undefined
  /** Whether it is about another text than the one that is written. */
  isOld: boolean
  /** The type as far as it can be read. */
  spec: ItemTypeSpec | undefined
  /** The fields that were tried. */
  sample: Record<string, unknown>
  problems: readonly YamlProblem[]
  sampleProblems: readonly string[]
}

/** `ownSample`: fields to try, as JSON; empty for such as fit the type. */
export function useCheck(text: string, ownSample: string): Checked {
  const [settled] = useDebouncedValue(text, askAfterMs)
  const [settledSample] = useDebouncedValue(ownSample, askAfterMs)
  const read = useMemo(() => readYaml(settled), [settled])
  const spec = 'value' in read && isObject(read.value) ? (read.value as unknown as ItemTypeSpec) : undefined
  const own = useMemo(() => readSample(settledSample), [settledSample])
  const sample = own.fields ?? sampleFields(spec?.fields)
  const query = useQuery({
    ...itemTypeCheck(spec, sample),
    enabled: spec !== undefined,
    placeholderData: keepPreviousData,
  })
  const isCurrent = settled === text && settledSample === ownSample
  const found = checkProblems(spec && isCurrent ? query.error : null, text)
  return {
    told: query.data,
    isOld: !isCurrent || query.isPlaceholderData || query.isError || !spec,
    spec,
    sample,
    problems: isCurrent ? [...unreadable(read), ...found.text] : [],
    sampleProblems: own.problem ? [own.problem] : found.sample,
  }
}

function unreadable(read: ReturnType<typeof readYaml>): YamlProblem[] {
  if ('problem' in read) return [read.problem]
  return isObject(read.value) ? [] : [{ detail: 'It begins with keys, such as `name: refund`.' }]
}

function readSample(text: string): { fields?: Record<string, unknown>; problem?: string } {
  if (text.trim() === '') return {}
  try {
    const fields: unknown = JSON.parse(text)
    return isObject(fields) ? { fields } : { problem: 'They are written as {"name": "value"}.' }
  } catch {
    return { problem: 'They cannot be read: they are written as JSON.' }
  }
}
