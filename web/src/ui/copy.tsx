import { ActionIcon, Button, Text, Tooltip } from '@mantine/core'
import { useEffect, useState } from 'react'
import { copyText } from '../lib/clipboard'
import classes from './copy.module.css'
import { CheckIcon, CopyIcon } from './icons'

const doneMs = 2_000

type Outcome = 'copied' | 'failed' | null

/** Copies `text` and says so for a moment. */
export function CopyButton({ text, label }: { text: string | (() => string); label: string }) {
  const [outcome, copy] = useCopy()
  const words =
    outcome === 'copied' ? 'Copied' : outcome === 'failed' ? 'Copying failed: select and copy by hand' : label
  return (
    <Tooltip label={words}>
      <ActionIcon variant="subtle" color="gray" size="md" aria-label={words} onClick={() => copy(text)}>
        {outcome === 'copied' ? <CheckIcon size={16} /> : <CopyIcon size={16} />}
      </ActionIcon>
    </Tooltip>
  )
}

/** Something to type elsewhere, whole and copyable. */
export function CopyBlock({ text, label }: { text: string; label: string }) {
  const [outcome, copy] = useCopy()
  return (
    <div className={classes.block}>
      <pre className={classes.text} tabIndex={0} aria-label={label} role="region">
        {text}
      </pre>
      <Button
        size="xs"
        variant="default"
        className={classes.button}
        leftSection={outcome === 'copied' ? <CheckIcon size={14} /> : <CopyIcon size={14} />}
        onClick={() => copy(text)}
      >
        {outcome === 'copied' ? 'Copied' : 'Copy'}
      </Button>
      {outcome === 'failed' && (
        <Text size="xs" role="alert" px="sm" pb="xs">
          Copying failed. Select the text and copy it by hand.
        </Text>
      )}
    </div>
  )
}

function useCopy() {
  const [outcome, setOutcome] = useState<Outcome>(null)
  useEffect(() => {
    if (!outcome) return
    const timer = setTimeout(() => setOutcome(null), doneMs)
    return () => clearTimeout(timer)
  }, [outcome])
  const copy = async (text: string | (() => string)) => {
    const copied = await copyText(typeof text === 'string' ? text : text())
    setOutcome(copied ? 'copied' : 'failed')
  }
  return [outcome, copy] as const
}
