import { ActionIcon, Button, Text } from '@mantine/core'
import { useId, useState } from 'react'
import { PlusIcon, TrashIcon } from '../../../ui/icons'
import classes from './editor.module.css'
import { Choice, CodeArea, CodeInput, type FieldsProps, inputProps } from './fields'
import type { Problems } from './problems'
import { SecretField } from './secret-field'
import { emptyPair, type ItemId, type PairForm, type PairKind, withChanged, without } from './task-form'

interface PairListProps {
  label: string
  /** What one of them is called. */
  one: string
  pairs: readonly PairForm[]
  problems: Problems
  /** What is wrong with the list as a whole. */
  problem?: string
  /** Whether one can also be written as a line, `Name: value`. */
  hasLines?: boolean
  onChange: (pairs: readonly PairForm[]) => void
}

/** Names with their values or secrets. */
export function PairList({ label, one, pairs, problems, problem, hasLines, onChange }: PairListProps) {
  const id = useId()
  const [added, setAdded] = useState<ItemId | null>(null)
  const add = () => {
    const pair = emptyPair()
    onChange([...pairs, pair])
    setAdded(pair.id)
  }
  const remove = (pair: PairForm) => {
    onChange(without(pairs, pair.id))
    document.getElementById(`${id}-add`)?.focus()
  }
  return (
    <div role="group" aria-labelledby={id}>
      <Text size="sm" fw={600} mb={4} id={id}>
        {label}
      </Text>
      {problem && (
        <Text size="xs" c="var(--mantine-color-error)" mb={4}>
          {problem}
        </Text>
      )}
      {pairs.map((pair, index) => (
        <PairRow
          key={pair.id}
          form={pair}
          problems={problems}
          onChange={(changed) => onChange(withChanged(pairs, pair.id, changed))}
          kinds={hasLines ? kindsWithLine : kinds}
          name={`${one} ${index + 1}`}
          isNew={pair.id === added}
          onRemove={() => remove(pair)}
        />
      ))}
      <Button
        id={`${id}-add`}
        variant="default"
        size="xs"
        leftSection={<PlusIcon size={14} />}
        onClick={add}
      >{`Add a ${one}`}</Button>
    </div>
  )
}

const kinds: readonly { value: PairKind; label: string }[] = [
  { value: 'value', label: 'Value' },
  { value: 'secret', label: 'Secret' },
]
const kindsWithLine: typeof kinds = [...kinds, { value: 'line', label: 'Line' }]

interface PairRowProps extends FieldsProps<PairForm> {
  kinds: readonly { value: PairKind; label: string }[]
  /** Says to those who cannot see it which row it is. */
  name: string
  isNew: boolean
  onRemove: () => void
}

function PairRow({ kinds, name, isNew, onRemove, ...fields }: PairRowProps) {
  const { form, onChange } = fields
  return (
    <div className={classes.pair} data-kind={form.kind}>
      {form.kind !== 'line' && (
        <div className={classes.key}>
          <CodeInput
            aria-label={`Name of ${name}`}
            placeholder="Name"
            autoFocus={isNew}
            {...inputProps(fields, 'key')}
          />
        </div>
      )}
      <div className={classes.kind}>
        <Choice
          aria-label={`Kind of ${name}`}
          data={kinds}
          value={form.kind}
          onChange={(kind) => onChange({ kind })}
        />
      </div>
      <div className={classes.value}>
        <PairValue name={name} {...fields} />
      </div>
      <ActionIcon
        className={classes.remove}
        variant="default"
        size={36}
        aria-label={`Remove ${name}`}
        title={`Remove ${name}`}
        onClick={onRemove}
      >
        <TrashIcon size={16} />
      </ActionIcon>
    </div>
  )
}

function PairValue({ name, ...fields }: FieldsProps<PairForm> & { name: string }) {
  switch (fields.form.kind) {
    case 'value':
      return (
        <CodeArea
          aria-label={`Value of ${name}`}
          placeholder="Value"
          minRows={1}
          {...inputProps(fields, 'value')}
        />
      )
    case 'secret':
      return <SecretField name={name} {...fields} />
    case 'line':
      return (
        <CodeInput aria-label={`Line of ${name}`} placeholder="Name: value" {...inputProps(fields, 'line')} />
      )
  }
}
