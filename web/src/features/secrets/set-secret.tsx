import { Button, Group, Stack, Textarea, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { answer, api } from '../../lib/api/client'
import { fieldProblems } from '../../lib/api/problem'
import { Dialog } from '../../ui/dialog'
import { FormProblem } from '../../ui/form-problem'
import { fieldOfPointer } from '../accounts/fields'
import { secretList } from './queries'

const fields = ['name', 'value'] as const

interface Values {
  name: string
  value: string
}

/** Gives a secret a value: a new one, or one that is there and named. */
export function SetSecretDialog({ name, onClose }: { name?: string; onClose: () => void }) {
  const queryClient = useQueryClient()
  const set = useMutation({
    mutationFn: ({ name, value }: Values) =>
      answer(api.PUT('/api/v1/secrets/{secret}', { params: { path: { secret: name } }, body: { value } })),
    // The value stays in this form and nowhere else.
    gcTime: 0,
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: secretList().queryKey })
      onClose()
    },
  })
  const form = useForm<Values>({
    initialValues: { name: name ?? '', value: '' },
    validate: {
      name: (name) => (name.trim() ? null : 'Name the secret'),
      value: (value) => (value ? null : 'Paste the value'),
    },
  })
  const { setErrors } = form
  const { error } = set
  useEffect(() => {
    setErrors(fieldProblems(error, fieldOfPointer(fields)).fields)
  }, [error, setErrors])
  const { rest } = fieldProblems(error, fieldOfPointer(fields))
  return (
    <Dialog onClose={onClose} title={name ? `A new value for ${name}` : 'Set a secret'}>
      <form
        noValidate
        onSubmit={form.onSubmit(({ name, value }) => set.mutate({ name: name.trim(), value }))}
      >
        <Stack>
          {!name && (
            <TextInput
              label="Name"
              description="Tasks name it. A name that is there already gets a new value."
              placeholder="hook-token"
              data-autofocus
              autoComplete="off"
              {...form.getInputProps('name')}
            />
          )}
          <Textarea
            label="Value"
            description="4 to 32768 bytes, sent as it stands. It is not shown again."
            rows={3}
            autoComplete="off"
            spellCheck={false}
            data-autofocus={name ? true : undefined}
            {...form.getInputProps('value')}
          />
          <FormProblem text={rest} error={error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={set.isPending}>
              {name ? 'Set the value' : 'Set the secret'}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  )
}
