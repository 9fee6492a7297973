import { ActionIcon, Button, Select, Text, Textarea, TextInput } from '@mantine/core'
import { useId } from 'react'
import { usePagedList } from '../../../lib/api/pages'
import { PlusIcon, TrashIcon } from '../../../ui/icons'
import { itemTypeList } from '../../item-types/queries'
import classes from './editor.module.css'
import { emptyPair, type InboundForm, type PairForm } from './webhook-form'

interface InboundFieldsProps {
  form: InboundForm
  problems: Readonly<Record<string, string>>
  onChange: (form: InboundForm) => void
}

const notProse = { autoComplete: 'off', autoCapitalize: 'none', spellCheck: false } as const

/** What posts to the webhook's own address become. */
export function InboundFields({ form, problems, onChange }: InboundFieldsProps) {
  const { items } = usePagedList(itemTypeList(), { whole: true })
  const names = (items ?? []).map(({ name }) => name)
  const change = (changed: Partial<InboundForm>) => onChange({ ...form, ...changed })
  return (
    <>
      <Select
        label="They become items of the type"
        searchable
        nothingFoundMessage="No such type"
        data={form.type && !names.includes(form.type) ? [form.type, ...names] : names}
        value={form.type || null}
        error={problems['/inbound/type']}
        onChange={(type) => change({ type: type ?? '' })}
      />
      <Pairs
        pairs={form.fields}
        problem={problems['/inbound/fields']}
        onChange={(fields) => change({ fields })}
      />
      <TextInput
        {...notProse}
        label="Only when"
        description="A test of the post. Empty: always. What does not pass is accepted and dropped."
        placeholder={'{{ body.type == "flag.raised" }}'}
        classNames={{ input: classes.code }}
        value={form.when}
        error={problems['/inbound/when']}
        onChange={(event) => change({ when: event.currentTarget.value })}
      />
      <TextInput
        {...notProse}
        label="The same as an earlier one by"
        description="Empty: its webhook-id."
        placeholder="{{ body.id }}"
        classNames={{ input: classes.code }}
        value={form.external_id}
        error={problems['/inbound/external_id']}
        onChange={(event) => change({ external_id: event.currentTarget.value })}
      />
    </>
  )
}

interface PairsProps {
  pairs: readonly PairForm[]
  problem: string | undefined
  onChange: (pairs: readonly PairForm[]) => void
}

function Pairs({ pairs, problem, onChange }: PairsProps) {
  const id = useId()
  const change = (pair: PairForm) => onChange(pairs.map((each) => (each.id === pair.id ? pair : each)))
  const remove = (pair: PairForm) => {
    onChange(pairs.filter((each) => each.id !== pair.id))
    document.getElementById(`${id}-add`)?.focus()
  }
  return (
    <div role="group" aria-labelledby={id}>
      <Text size="sm" fw={500} mb={4} id={id}>
        Fields
      </Text>
      <Text size="xs" c="dimmed" mb={6}>
        Each with a template over the post. One that is nothing but {'{{ body.amount }}'} keeps its kind.
      </Text>
      {problem && (
        <Text size="xs" c="var(--mantine-color-error)" mb={6} role="alert">
          {problem}
        </Text>
      )}
      {pairs.map((pair, index) => (
        <div key={pair.id} className={classes.pair}>
          <TextInput
            {...notProse}
            aria-label={`Name of field ${index + 1}`}
            placeholder="amount"
            classNames={{ input: classes.code }}
            value={pair.name}
            onChange={(event) => change({ ...pair, name: event.currentTarget.value })}
          />
          <Textarea
            {...notProse}
            aria-label={`Template of field ${index + 1}`}
            placeholder="{{ body.amount }}"
            autosize
            minRows={1}
            maxRows={8}
            classNames={{ input: classes.code }}
            value={pair.template}
            onChange={(event) => change({ ...pair, template: event.currentTarget.value })}
          />
          <ActionIcon
            variant="default"
            size={36}
            aria-label={`Remove field ${index + 1}`}
            title={`Remove field ${index + 1}`}
            onClick={() => remove(pair)}
          >
            <TrashIcon size={16} />
          </ActionIcon>
        </div>
      ))}
      <Button
        id={`${id}-add`}
        variant="default"
        size="xs"
        leftSection={<PlusIcon size={14} />}
        onClick={() => onChange([...pairs, emptyPair()])}
      >
        Add a field
      </Button>
    </div>
  )
}
