import { Autocomplete, Button, TextInput } from '@mantine/core'
import { type FormEvent, useEffect, useState } from 'react'
import { SearchIcon } from '../../ui/icons'
import { type AuditFilter, parseAuditFilter } from './filter'
import classes from './filter-fields.module.css'
import { knownActions } from './words'

interface FilterFieldsProps {
  filter: AuditFilter
  onChange: (filter: AuditFilter) => void
}

/** Narrows the log down; what is looked for stands in the address. */
export function FilterFields({ filter, onChange }: FilterFieldsProps) {
  const [form, setForm] = useState(filter)
  useEffect(() => setForm(filter), [filter])

  const set = (name: keyof AuditFilter) => (value: string) =>
    setForm((known) => ({ ...known, [name]: value }))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onChange(parseAuditFilter({ ...form }))
  }
  return (
    <form className={classes.fields} onSubmit={submit} aria-label="Look for">
      <TextInput
        label="Who"
        placeholder="User name or id"
        value={form.actor ?? ''}
        onChange={(event) => set('actor')(event.currentTarget.value)}
      />
      <Autocomplete
        label="What"
        placeholder="group.*"
        data={knownActions}
        value={form.action ?? ''}
        onChange={set('action')}
      />
      <TextInput
        className={classes.subject}
        label="To what"
        placeholder="Id"
        value={form.subject ?? ''}
        onChange={(event) => set('subject')(event.currentTarget.value)}
      />
      <TextInput
        label="From"
        type="date"
        value={form.from ?? ''}
        max={form.to}
        onChange={(event) => set('from')(event.currentTarget.value)}
      />
      <TextInput
        label="To"
        type="date"
        value={form.to ?? ''}
        min={form.from}
        onChange={(event) => set('to')(event.currentTarget.value)}
      />
      <div className={classes.buttons}>
        <Button type="submit" variant="default" leftSection={<SearchIcon size={15} />}>
          Look
        </Button>
        {Object.keys(filter).length > 0 && (
          <Button variant="transparent" onClick={() => onChange({})}>
            Clear
          </Button>
        )}
      </div>
    </form>
  )
}
