import { Autocomplete } from '@mantine/core'
import { usePagedList } from '../../../lib/api/pages'
import { secretList } from '../../secrets/queries'
import classes from './editor.module.css'
import { type FieldsProps, inputProps, notProse } from './fields'
import { secretHint } from './secret-hint'
import type { PairForm } from './task-form'

const offeredCountMax = 50

/** The name of a secret: one that is there, or any other, for it may be set later. */
export function SecretField({ name, ...fields }: FieldsProps<PairForm> & { name: string }) {
  const { form, onChange } = fields
  const { query, items } = usePagedList(secretList(), { whole: true })
  // A name may come twice: secrets that were set meanwhile move the pages.
  const names = [...new Set(items?.map((secret) => secret.name))]
  const isWhole = query.isSuccess && !query.hasNextPage
  return (
    <Autocomplete
      {...notProse}
      classNames={{ input: classes.code }}
      aria-label={`Secret of ${name}`}
      placeholder="Name of the secret"
      {...inputProps(fields, 'secret')}
      data={names}
      limit={offeredCountMax}
      comboboxProps={{ shadow: 'md' }}
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      description={isWhole ? secretHint(form.secret, names) : undefined}
      onChange={(secret) => onChange({ secret })}
    />
  )
}
