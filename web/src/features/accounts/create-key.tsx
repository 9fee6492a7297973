import { Button, Group, Select, Stack, TagsInput, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { answer, api } from '../../lib/api/client'
import { fieldProblems } from '../../lib/api/problem'
import type { CreatedKey, CreateKey } from '../../lib/api/types'
import { CopyBlock } from '../../ui/copy'
import { Dialog } from '../../ui/dialog'
import { FormProblem } from '../../ui/form-problem'
import { ExactMoment } from '../../ui/moment'
import { fieldOfPointer } from './fields'
import { keyList } from './queries'
import { ScopeFields } from './scope-fields'

const fields = ['name', 'ttl', 'scopes', 'addresses'] as const

const lifetimes = [
  { value: '1h', label: '1 hour' },
  { value: '1d', label: '1 day' },
  { value: '30d', label: '30 days' },
  { value: '365d', label: '1 year' },
  { value: '', label: 'Until it is removed' },
]

/** Makes a key and shows it this once. */
export function CreateKeyDialog({ onClose }: { onClose: () => void }) {
  const queryClient = useQueryClient()
  const create = useMutation({
    mutationFn: (body: CreateKey) => answer(api.POST('/api/v1/keys', { body })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keyList().queryKey }),
  })
  return (
    <Dialog
      onClose={onClose}
      title={create.data ? 'Your new key' : 'Create an API key'}
      // A key that was not copied yet cannot be shown again.
      closeOnClickOutside={!create.data}
    >
      {create.data ? (
        <NewKey created={create.data} onClose={onClose} />
      ) : (
        <KeyForm
          isPending={create.isPending}
          error={create.error}
          onSubmit={create.mutate}
          onClose={onClose}
        />
      )}
    </Dialog>
  )
}

interface KeyFormProps {
  isPending: boolean
  error: unknown
  onSubmit: (body: CreateKey) => void
  onClose: () => void
}

function KeyForm({ isPending, error, onSubmit, onClose }: KeyFormProps) {
  const form = useForm({
    initialValues: {
      name: '',
      ttl: '30d',
      scopes: null as string[] | null,
      addresses: [] as string[],
    },
    validate: {
      name: (name) => (name.trim() ? null : 'Name the key after what will use it'),
      // Without any it could do everything, which is not what was ticked.
      scopes: (scopes) => (scopes?.length === 0 ? 'Tick at least one' : null),
    },
  })
  const { setErrors } = form

  useEffect(() => {
    setErrors(fieldProblems(error, fieldOfPointer(fields)).fields)
  }, [error, setErrors])

  const { rest } = fieldProblems(error, fieldOfPointer(fields))
  return (
    <form
      noValidate
      onSubmit={form.onSubmit(({ name, ttl, scopes, addresses }) =>
        onSubmit({ name: name.trim(), ttl: ttl || null, scopes: scopes ?? [], addresses }),
      )}
    >
      <Stack>
        <TextInput
          label="Name"
          placeholder="nightly-backup"
          data-autofocus
          autoComplete="off"
          {...form.getInputProps('name')}
        />
        <Select label="Valid for" data={lifetimes} allowDeselect={false} {...form.getInputProps('ttl')} />
        <ScopeFields {...form.getInputProps('scopes')} />
        <TagsInput
          label="Only from these addresses"
          description="Addresses or networks, each with Enter. Empty: from everywhere."
          placeholder={form.values.addresses.length === 0 ? '10.0.0.0/8' : undefined}
          acceptValueOnBlur
          {...form.getInputProps('addresses')}
        />
        <FormProblem text={rest} error={error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={isPending}>
            Create the key
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function NewKey({ created, onClose }: { created: CreatedKey; onClose: () => void }) {
  return (
    <Stack>
      <Text size="sm" role="status">
        This is the only time that “{created.name}” is shown. Copy it now and keep it safe.
      </Text>
      <CopyBlock text={created.key} label="The new key" />
      <Text size="sm" c="dimmed">
        {created.expires_at ? (
          <>
            It expires on <ExactMoment at={created.expires_at} />.
          </>
        ) : (
          'It does not expire.'
        )}
      </Text>
      <Group justify="flex-end">
        <Button onClick={onClose}>Done</Button>
      </Group>
    </Stack>
  )
}
