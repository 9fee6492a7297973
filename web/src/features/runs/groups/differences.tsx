import { Button, Stack, Text } from '@mantine/core'
import { useQueries } from '@tanstack/react-query'
import { useId, useMemo, useState } from 'react'
import type { Execution, ExecutionGroup } from '../../../lib/api/types'
import { numberText } from '../../../lib/locale'
import { Failed, LoadingRows } from '../../../ui/answers'
import { DiffText } from '../../../ui/diff-text'
import { ClosedIcon, OpenIcon } from '../../../ui/icons'
import { executionDetail } from '../queries'
import classes from './differences.module.css'
import { comparedMax, executionDiff, type TextDiff } from './execution-diff'
import type { Reference } from './group-words'

interface DifferencesProps {
  reference: Reference
  group: ExecutionGroup
}

/** Opens what sets a group apart from the one that it is compared with. */
export function Differences({ reference, group }: DifferencesProps) {
  const [isOpen, setOpen] = useState(false)
  const id = useId()
  return (
    <div className={classes.differences}>
      <Button
        variant="default"
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        leftSection={isOpen ? <OpenIcon size={14} /> : <ClosedIcon size={14} />}
        onClick={() => setOpen(!isOpen)}
      >
        Differences from the {reference.name}
      </Button>
      {isOpen && (
        <div id={id}>
          <SampleDiff reference={reference} group={group} />
        </div>
      )}
    </div>
  )
}

/** The samples of a list may lack output that did not fit, so both are read by themselves. */
function SampleDiff({ reference, group }: DifferencesProps) {
  const samples = [reference.group.sample.id, group.sample.id] as const
  const [old, now] = useQueries({ queries: [executionDetail(samples[0]), executionDetail(samples[1])] })
  if (old.data && now.data) {
    return <ExecutionDiff before={old.data} after={now.data} referenceName={reference.name} />
  }
  const failed = [old, now].find((query) => query.isError)
  if (failed) return <Failed error={failed.error} onRetry={() => void failed.refetch()} />
  return <LoadingRows count={2} />
}

interface ExecutionDiffProps {
  before: Execution
  after: Execution
  referenceName: string
}

function ExecutionDiff({ before, after, referenceName }: ExecutionDiffProps) {
  const diffs = useMemo(() => executionDiff(before, after), [before, after])
  const words = { '-': `only on ${before.device.name}`, '+': `only on ${after.device.name}` }
  return (
    <Stack gap="sm">
      <Text size="sm" className={classes.legend}>
        <span className={classes.mark}>-</span> {words['-']}, an example of the {referenceName};{' '}
        <span className={classes.mark}>+</span> {words['+']}, an example of this group.
      </Text>
      {diffs.length === 0 && (
        <Text size="sm">They differ in bytes that are not text, and cannot be shown line by line.</Text>
      )}
      {diffs.map((diff) => (
        <section key={diff.title} aria-label={diff.title}>
          <h3 className={classes.title}>{diff.title}</h3>
          {diff.lines.length > 0 && (
            <DiffText label={`Differences in ${diff.title}`} lines={diff.lines} words={words} />
          )}
          <Text size="sm" c="dimmed">
            {remarkText(diff)}
          </Text>
        </section>
      ))}
    </Stack>
  )
}

function remarkText({ lines, isCut }: TextDiff): string | null {
  if (!isCut)
    return lines.length > 0 ? null : 'The lines read the same: they differ in colours or signs not shown.'
  const most = `${numberText(comparedMax.lineCount)} lines or ${numberText(comparedMax.length)} characters`
  const found = lines.length > 0 ? '' : 'No difference so far. '
  return `${found}Only the beginning is compared: of everything that differs, up to ${most}.`
}
