import { Stack, Text, Textarea, Title } from '@mantine/core'
import { Question } from '../../../ui/question'
import { FieldsTable } from '../../inbox/sheet/fields-view'
import classes from './editor.module.css'
import type { Checked } from './use-check'

interface TypePreviewProps {
  checked: Checked
  ownSample: string
  onSample: (text: string) => void
}

const outcomes: Record<string, string> = {
  created: 'It would be made.',
  changed: 'It would be a new version.',
  unchanged: 'Nothing has changed.',
}

/** How an item of a type reads, while the type is written. */
export function TypePreview({ checked, ownSample, onSample }: TypePreviewProps) {
  return (
    <aside className={classes.preview} aria-label="How an item reads" data-old={checked.isOld || undefined}>
      <Stack gap="sm">
        <Title order={2} size="h4">
          How an item reads
        </Title>
        <Reads checked={checked} />
        <Question words="With which fields?">
          <Textarea
            label="Fields to try it with"
            description="As JSON. Empty: such as fit the type."
            autosize
            minRows={4}
            maxRows={16}
            autoCapitalize="none"
            spellCheck={false}
            classNames={{ input: classes.code }}
            placeholder={JSON.stringify(checked.sample, null, 2)}
            value={ownSample}
            error={checked.sampleProblems.join('; ') || undefined}
            onChange={(event) => onSample(event.currentTarget.value)}
          />
        </Question>
      </Stack>
    </aside>
  )
}

function Reads({ checked: { told, spec, sample, problems, sampleProblems } }: { checked: Checked }) {
  if (!told) {
    return (
      <Text size="sm" c="dimmed" role="status">
        {problems.length > 0 ? 'Its lines say what is wrong.' : 'Reading…'}
      </Text>
    )
  }
  const labels = Object.entries(told.labels)
  return (
    <>
      <Text size="sm" c="dimmed" role="status">
        {sampleProblems.length > 0
          ? `The item does not fit: ${sampleProblems.join('; ')}`
          : outcomes[told.outcome]}
      </Text>
      {told.title && (
        <Text fw={650} size="lg">
          {told.title}
        </Text>
      )}
      {told.text ? (
        <p className={classes.text}>{told.text}</p>
      ) : (
        spec && <FieldsTable schema={spec.fields} fields={sample} />
      )}
      {labels.length > 0 && (
        <ul className={classes.buttons} aria-label="How it may be resolved">
          {labels.map(([name, label]) => (
            <li key={name} className={classes.button}>
              {label}
            </li>
          ))}
        </ul>
      )}
    </>
  )
}
