import { Select, type SelectProps, Textarea, TextInput } from '@mantine/core'
import type { ChangeEvent } from 'react'
import classes from './editor.module.css'
import type { Problems } from './problems'
import type { ItemId } from './task-form'

/** What the fields of a task, an action or a pair need. */
export interface FieldsProps<Form extends { id: ItemId }> {
  form: Form
  problems: Problems
  onChange: (changed: Partial<Form>) => void
}

type TextField = ChangeEvent<HTMLInputElement | HTMLTextAreaElement>

/** Joins a text field of the screen with a field of the form. */
export function inputProps<Form extends { id: ItemId }, Name extends keyof Form & string>(
  { form, problems, onChange }: FieldsProps<Form>,
  name: Name,
) {
  return {
    value: form[name] as string,
    error: problems[`${form.id}/${name}`],
    onChange: (event: TextField) => onChange({ [name]: event.currentTarget.value } as Partial<Form>),
  }
}

interface FieldProps {
  label?: string
  'aria-label'?: string
  description?: string
  placeholder?: string
  autoFocus?: boolean
  value: string
  error?: string
  onChange: (event: TextField) => void
}

/** One line of what a machine reads. */
export function CodeInput(props: FieldProps) {
  return <TextInput {...notProse} classNames={{ input: classes.code }} {...props} />
}

/** Several lines of what a machine reads. */
export function CodeArea({ minRows = 2, ...props }: FieldProps & { minRows?: number }) {
  return (
    <Textarea
      {...notProse}
      autosize
      minRows={minRows}
      maxRows={20}
      classNames={{ input: classes.code }}
      {...props}
    />
  )
}

interface ChoiceProps<Word extends string> {
  label?: string
  'aria-label'?: string
  data: readonly { value: Word; label: string }[]
  value: Word
  error?: string
  onChange: (word: Word) => void
}

/** One of a few words. */
export function Choice<Word extends string>({ data, onChange, ...props }: ChoiceProps<Word>) {
  return (
    <Select
      {...props}
      data={data as SelectProps['data']}
      allowDeselect={false}
      onChange={(word) => onChange(word as Word)}
    />
  )
}

/** What a machine reads is not to be put right. */
export const notProse = { autoComplete: 'off', autoCapitalize: 'none', spellCheck: false } as const
