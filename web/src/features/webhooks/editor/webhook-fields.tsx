import { MultiSelect, Select, Switch, Textarea, TextInput } from '@mantine/core'
import { usePagedList } from '../../../lib/api/pages'
import { Section } from '../../../ui/section'
import { itemTypeList } from '../../item-types/queries'
import { bodyWords, signingWords } from '../webhook-words'
import classes from './editor.module.css'
import { InboundFields } from './inbound-fields'
import { events, type WebhookForm } from './webhook-form'

interface WebhookFieldsProps {
  form: WebhookForm
  problems: Readonly<Record<string, string>>
  /** Its way of signing stays once it has a key. */
  hasKey: boolean
  onChange: (changed: Partial<WebhookForm>) => void
}

const notProse = { autoComplete: 'off', autoCapitalize: 'none', spellCheck: false } as const
const choicesOf = (words: Record<string, string>) =>
  Object.entries(words).map(([value, label]) => ({ value, label }))

/** A webhook as a form. */
export function WebhookFields({ form, problems, hasKey, onChange }: WebhookFieldsProps) {
  return (
    <>
      <div className={classes.fields}>
        <TextInput
          {...notProse}
          label="Address"
          description="Where it is told. Empty: it only takes in posts."
          placeholder="https://shop.example/hooks/taskey"
          inputMode="url"
          value={form.url}
          error={problems['/url']}
          onChange={(event) => onChange({ url: event.currentTarget.value })}
        />
        <TextInput
          {...notProse}
          label="Name"
          description="Unique in the organization. Empty: the host of its address."
          value={form.name}
          error={problems['/name']}
          onChange={(event) => onChange({ name: event.currentTarget.value })}
        />
        <Select
          label="Signing"
          description={hasKey ? 'It holds from the next key on.' : undefined}
          data={choicesOf(signingWords)}
          allowDeselect={false}
          value={form.signing}
          error={problems['/signing']}
          onChange={(signing) => onChange({ signing: signing as WebhookForm['signing'] })}
        />
        <Switch
          label="Disabled"
          description="Nothing is delivered for now; what happens meanwhile is not delivered later, unless it is recovered."
          checked={form.disabled}
          error={problems['/disabled']}
          onChange={(event) => onChange({ disabled: event.currentTarget.checked })}
        />
      </div>
      <Section title="What it tells">
        <div className={classes.fields}>
          <TypesField
            value={form.types}
            error={problems['/types']}
            onChange={(types) => onChange({ types })}
          />
          <MultiSelect
            label="Of these events"
            placeholder={form.events.length === 0 ? 'All' : undefined}
            data={[...events]}
            searchable
            clearable
            clearButtonProps={{ 'aria-label': 'All events' }}
            value={[...form.events]}
            error={problems['/events']}
            onChange={(chosen) => onChange({ events: chosen })}
          />
          <TextInput
            {...notProse}
            label="Of items with these fields"
            description="Empty: all."
            placeholder="amount>100 and country=DE"
            classNames={{ input: classes.code }}
            value={form.filter}
            error={problems['/filter']}
            onChange={(event) => onChange({ filter: event.currentTarget.value })}
          />
          <Select
            label="What is posted"
            data={choicesOf(bodyWords)}
            allowDeselect={false}
            value={form.body}
            error={problems['/body']}
            onChange={(body) => onChange({ body: body as WebhookForm['body'] })}
          />
          {form.body === 'template' && (
            <Textarea
              {...notProse}
              label="Template"
              description="Over type, timestamp and data; it has to make JSON."
              placeholder={'{"text": {{ data.item.title | tojson }}}'}
              autosize
              minRows={4}
              maxRows={20}
              classNames={{ input: classes.code }}
              value={form.template}
              error={problems['/template']}
              onChange={(event) => onChange({ template: event.currentTarget.value })}
            />
          )}
        </div>
      </Section>
      <Section title="What it takes in">
        <div className={classes.fields}>
          <Switch
            label="Posts to its own address become items"
            description="They have to be signed with its key."
            checked={form.takesIn}
            onChange={(event) => onChange({ takesIn: event.currentTarget.checked })}
          />
          {form.takesIn && (
            <InboundFields
              form={form.inbound}
              problems={problems}
              onChange={(inbound) => onChange({ inbound })}
            />
          )}
        </div>
      </Section>
    </>
  )
}

interface TypesFieldProps {
  value: readonly string[]
  error: string | undefined
  onChange: (types: string[]) => void
}

function TypesField({ value, error, onChange }: TypesFieldProps) {
  const { items } = usePagedList(itemTypeList(), { whole: true })
  const names = (items ?? []).map(({ name }) => name)
  const others = value.filter((name) => !names.includes(name))
  return (
    <MultiSelect
      label="Of items of these types"
      placeholder={value.length === 0 ? 'All' : undefined}
      data={[...others, ...names]}
      searchable
      clearable
      clearButtonProps={{ 'aria-label': 'All types' }}
      nothingFoundMessage="No such type"
      value={[...value]}
      error={error}
      onChange={onChange}
    />
  )
}
