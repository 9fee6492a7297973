import { Checkbox, MultiSelect, NumberInput, Select, Textarea, TextInput } from '@mantine/core'
import { useLocale } from '../../../lib/locale'
import { instantOf, viewerZone, wallOf } from '../../../lib/time/zone'
import type { FormField, FormValues } from './schema-form'

interface SchemaFieldsProps {
  fields: readonly FormField[]
  values: FormValues
  problems: Readonly<Record<string, string>>
  onChange: (values: FormValues) => void
}

/** The fields that a JSON Schema asks for. */
export function SchemaFields({ fields, values, problems, onChange }: SchemaFieldsProps) {
  return fields.map((field, place) => (
    <SchemaField
      key={field.key}
      field={field}
      isFirst={place === 0}
      value={values[field.key] ?? ''}
      error={problems[field.key]}
      onChange={(value) => onChange({ ...values, [field.key]: value })}
    />
  ))
}

type Value = FormValues[string]

interface SchemaFieldProps {
  field: FormField
  /** In a dialog one begins there. */
  isFirst: boolean
  value: Value
  error: string | undefined
  onChange: (value: Value) => void
}

function SchemaField({ field, isFirst, value, error, onChange }: SchemaFieldProps) {
  const common = {
    label: field.label,
    description: field.help,
    placeholder: field.placeholder,
    required: field.isRequired,
    error,
    'data-autofocus': isFirst || undefined,
  }
  const text = typeof value === 'string' ? value : ''
  const onText = (event: { currentTarget: { value: string } }) => onChange(event.currentTarget.value)
  switch (field.kind) {
    case 'flag':
      return (
        <Checkbox
          data-autofocus={isFirst || undefined}
          label={field.label}
          description={field.help}
          error={error}
          checked={value === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      )
    case 'choice':
      return (
        <Select
          {...common}
          data={[...field.options]}
          searchable={field.options.length > 10}
          clearable={!field.isRequired}
          clearButtonProps={{ 'aria-label': `Clear ${field.label}` }}
          value={text || null}
          onChange={(chosen) => onChange(chosen ?? '')}
        />
      )
    case 'choices':
      return (
        <MultiSelect
          {...common}
          data={[...field.options]}
          value={Array.isArray(value) ? [...value] : []}
          onChange={onChange}
        />
      )
    case 'number':
    case 'integer':
      return (
        <NumberInput
          {...common}
          hideControls
          allowDecimal={field.kind === 'number'}
          inputMode="decimal"
          value={text}
          onChange={(number) => onChange(String(number))}
        />
      )
    case 'lines':
      return <Textarea {...common} autosize minRows={3} maxRows={12} value={text} onChange={onText} />
    case 'json':
      return (
        <Textarea
          {...common}
          placeholder={field.placeholder ?? '{"name": "value"}'}
          autosize
          minRows={3}
          maxRows={12}
          autoCapitalize="none"
          spellCheck={false}
          value={text}
          onChange={onText}
        />
      )
    case 'day':
      return <TextInput {...common} type="date" value={text} onChange={onText} />
    case 'moment':
      return <MomentInput common={common} value={text} onChange={onChange} />
    default:
      return <TextInput {...common} autoComplete="off" value={text} onChange={onText} />
  }
}

interface MomentInputProps {
  common: { label: string; description?: string; required: boolean; error?: string }
  value: string
  onChange: (value: string) => void
}

/** A moment, by the clock of whoever fills it in. */
function MomentInput({ common, value, onChange }: MomentInputProps) {
  const zone = viewerZone(useLocale().timeZone)
  const at = new Date(value)
  return (
    <TextInput
      {...common}
      type="datetime-local"
      value={Number.isNaN(at.getTime()) ? '' : wallOf(at, zone)}
      onChange={(event) => onChange(instantOf(event.currentTarget.value, zone) ?? '')}
    />
  )
}
