import { CloseButton, TextInput } from '@mantine/core'
import type { RefObject } from 'react'

interface DueFieldProps {
  field: RefObject<HTMLInputElement | null>
  /** In a dialog one begins there. */
  isFirst: boolean
  /** What the clock of whoever fills it in shows then; empty: it is due at no certain time. */
  value: string
  error: string | undefined
  onChange: (value: string) => void
}

/** Until when an item should be decided. */
export function DueField({ field, isFirst, value, error, onChange }: DueFieldProps) {
  const clear = () => {
    // What is filled in by half stands in the field alone.
    if (field.current) field.current.value = ''
    onChange('')
    field.current?.focus()
  }
  return (
    <TextInput
      ref={field}
      type="datetime-local"
      label="When it is due"
      description="Empty: at no certain time."
      data-autofocus={isFirst || undefined}
      value={value}
      error={error}
      onChange={(event) => onChange(event.currentTarget.value)}
      rightSection={
        (value !== '' || error) && <CloseButton size="sm" aria-label="Take the time away" onClick={clear} />
      }
    />
  )
}
