import { Button, Group, Stack } from '@mantine/core'
import { type FormEvent, useRef, useState } from 'react'
import { ApiProblem, problemText } from '../../../lib/api/problem'
import type { Item } from '../../../lib/api/types'
import { useLocale } from '../../../lib/locale'
import { viewerZone } from '../../../lib/time/zone'
import { Dialog } from '../../../ui/dialog'
import { FormProblem } from '../../../ui/form-problem'
import { tell } from '../../../ui/toast'
import { SchemaFields } from '../form/schema-fields'
import { changedFields, formFields, formProblems, readForm, valuesOf } from '../form/schema-form'
import { useUpdateItem } from '../queries'
import { dueChange, dueWall } from './due-change'
import { DueField } from './due-field'
import type { WhatMay } from './what-may'

interface EditDialogProps {
  item: Item
  /** Of what was seen. */
  etag: string
  may: Pick<WhatMay, 'editable' | 'due'>
  onChanged: (item: Item) => void
  onClose: () => void
}

/** Changes fields of an item, and when it is due. */
export function EditDialog({ item, etag, may, onChanged, onClose }: EditDialogProps) {
  const schema = item.sheet?.schema
  const fields = formFields(schema).filter(({ key }) => may.editable.includes(key))
  const [before] = useState(item.fields)
  const [values, setValues] = useState(() => valuesOf(null, fields, before))
  const [own, setOwn] = useState<Readonly<Record<string, string>>>({})
  const zone = viewerZone(useLocale().timeZone)
  const [dueBefore] = useState(() => dueWall(item, zone))
  const [due, setDue] = useState(dueBefore)
  const [isDueWrong, setDueWrong] = useState(false)
  const dueField = useRef<HTMLInputElement>(null)
  const update = useUpdateItem(item)
  const told = problemsOf(update.error, fields)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const read = readForm(fields, values)
    // A field that is filled in by half says that it is empty.
    const isHalf = dueField.current?.validity.badInput ?? false
    const changedDue = isHalf ? null : dueChange(dueBefore, due, zone)
    setOwn('problems' in read ? read.problems : {})
    setDueWrong(!changedDue)
    if ('problems' in read || !changedDue) return
    const changed = changedFields(fields, before, read.values)
    const body = { ...(Object.keys(changed).length > 0 && { fields: changed }), ...changedDue }
    if (Object.keys(body).length === 0) return onClose()
    update.mutate(
      { ...body, etag },
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
          {may.due && (
            <DueField
              field={dueField}
              isFirst={fields.length === 0}
              value={due}
              error={isDueWrong ? 'A day and a time are needed, or neither.' : told.due}
              onChange={setDue}
            />
          )}
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
  const isAboutDue = ({ pointer }: { pointer: string }) => pointer === '/due_at'
  const due = error.errors.find(isAboutDue)?.detail
  const { problems, rest } = formProblems(
    error.errors.filter((each) => !isAboutDue(each)),
    fields,
    '/fields',
  )
  return { problems, due, rest: rest.length > 0 ? rest.join('; ') : null }
}
