import { Button, Group, Stack } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { ApiProblem, problemText } from '../../../lib/api/problem'
import type { Item } from '../../../lib/api/types'
import { Dialog } from '../../../ui/dialog'
import { FormProblem } from '../../../ui/form-problem'
import { tell } from '../../../ui/toast'
import { SchemaFields } from '../form/schema-fields'
import { changedFields, formFields, formProblems, readForm, valuesOf } from '../form/schema-form'
import { useUpdateItem } from '../queries'

interface EditDialogProps {
  item: Item
  /** Of what was seen. */
  etag: string
  /** The fields that one may change. */
  keys: readonly string[]
  onChanged: (item: Item) => void
  onClose: () => void
}

/** Changes fields of an item. */
export function EditDialog({ item, etag, keys, onChanged, onClose }: EditDialogProps) {
  const schema = item.sheet?.schema
  const fields = formFields(schema).filter(({ key }) => keys.includes(key))
  const [before] = useState(item.fields)
  const [values, setValues] = useState(() => valuesOf(null, fields, before))
  const [own, setOwn] = useState<Readonly<Record<string, string>>>({})
  const update = useUpdateItem(item)
  const told = problemsOf(update.error, fields)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const read = readForm(fields, values)
    if ('problems' in read) return setOwn(read.problems)
    setOwn({})
    const changed = changedFields(fields, before, read.values)
    if (Object.keys(changed).length === 0) return onClose()
    update.mutate(
      { fields: changed, etag },
      {
        onSuccess: (saved) => {
          onChanged(saved)
          tell('Saved')
          onClose()
        },
      },
    )
  }
  return (
    <Dialog onClose={onClose} title="Edit its fields">
      <form noValidate onSubmit={submit}>
        <Stack>
          <SchemaFields
            fields={fields}
            values={values}
            problems={Object.keys(own).length > 0 ? own : told.problems}
            onChange={setValues}
          />
          <FormProblem text={told.rest} error={update.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={update.isPending}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  )
}

function problemsOf(error: unknown, fields: ReturnType<typeof formFields>) {
  if (!(error instanceof ApiProblem) || error.errors.length === 0)
    return { problems: {}, rest: error ? problemText(error) : null }
  const { problems, rest } = formProblems(error.errors, fields, '/fields')
  return { problems, rest: rest.length > 0 ? rest.join('; ') : null }
}
