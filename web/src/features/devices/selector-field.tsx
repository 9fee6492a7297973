import { Button, Group, Text, TextInput } from '@mantine/core'
import { useId, useState } from 'react'
import type { Targets, TargetsPreview } from '../../lib/api/types'
import { count } from '../../lib/words'
import { CodeText } from '../../ui/text'
import { WhyButton } from '../access/why'
import { PresenceWord } from './presence'
import classes from './selector-field.module.css'
import { type Purpose, previewSentence, refusedNames } from './target-words'
import type { PreviewState } from './use-targets-preview'

interface SelectorFieldProps {
  purpose: Purpose
  value: Targets
  state: PreviewState
  problem?: string
  onChange: (selector: string) => void
}

/** A selector, with what it comes to for now. */
export function SelectorField({ purpose, value, state, problem, onChange }: SelectorFieldProps) {
  const isWritten = Boolean(value.selector?.trim())
  const found = problem ?? (isWritten ? state.problems.fields.selector : undefined)
  return (
    <div>
      <TextInput
        label="Selector"
        description={<CodeText>{purpose === 'schedule' ? lastingHint : selectorHint}</CodeText>}
        placeholder="role=web and os!=alpine"
        classNames={{ input: classes.input }}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        value={value.selector ?? ''}
        error={found && <CodeText>{found}</CodeText>}
        onChange={(event) => onChange(event.currentTarget.value)}
        // Enter is for trying it here, not for starting the run.
        onKeyDown={(event) => event.key === 'Enter' && event.preventDefault()}
      />
      <div role="status">
        {isWritten && !found && state.preview && state.preview.count > 0 && (
          <Preview
            preview={state.preview}
            targets={value}
            isCurrent={state.isCurrent}
            verb={purpose === 'schedule' ? 'schedules.write' : 'runs.start'}
          />
        )}
      </div>
    </div>
  )
}

export const selectorHint = 'Every device that matches, by label or fact; also `name`, `group` and `online`.'
const lastingHint = `${selectorHint} It is looked at anew whenever devices change.`

interface PreviewProps {
  preview: TargetsPreview
  targets: Targets
  isCurrent: boolean
  /** What is not allowed where it is not. */
  verb: string
}

function Preview({ preview, targets, isCurrent, verb }: PreviewProps) {
  const [isOpen, setOpen] = useState(false)
  const listId = useId()
  const [refused] = preview.refused
  return (
    <div className={classes.preview} data-old={isCurrent ? undefined : true}>
      <Group gap="xs">
        <Text size="sm">{previewSentence(preview, targets)}</Text>
        <Button
          variant="transparent"
          size="compact-sm"
          aria-expanded={isOpen}
          aria-controls={listId}
          onClick={() => setOpen(!isOpen)}
        >
          {isOpen ? 'Hide them' : 'Show them'}
        </Button>
      </Group>
      {refused && (
        <Group gap="xs">
          <Text size="sm" c="var(--mantine-color-error)">
            Not allowed on {refusedNames(preview)}.
          </Text>
          <WhyButton verb={verb} device={refused.name} />
        </Group>
      )}
      <div id={listId}>{isOpen && <Names preview={preview} />}</div>
    </div>
  )
}

function Names({ preview }: { preview: TargetsPreview }) {
  const rest = preview.count - preview.devices.length
  return (
    // It scrolls, so the keyboard reaches it.
    <section className={classes.frame} tabIndex={0} aria-label="Devices that it is for">
      <ul className={classes.names}>
        {preview.devices.map((device) => (
          <li key={device.id}>
            <span className={classes.name}>{device.name}</span>
            <PresenceWord presence={device.online ? 'online' : 'offline'} />
          </li>
        ))}
      </ul>
      {rest > 0 && (
        <Text size="sm" c="dimmed">
          and {count(rest, 'other')}
        </Text>
      )}
    </section>
  )
}
