import { Button, Group, Stack, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useEffect } from 'react'
import { fieldProblems } from '../../lib/api/problem'
import type { CreateOrganization } from '../../lib/api/types'
import { Dialog } from '../../ui/dialog'
import { FormProblem } from '../../ui/form-problem'
import { fieldOfPointer } from '../accounts/fields'
import { InvitationLink } from '../accounts/invitation-link'
import { useCreateOrganization } from './queries'

const fieldOf = fieldOfPointer(['name', 'username'] as const)

/** Makes an organization, and shows the link for its first super user. */
export function CreateOrganizationDialog({ onClose }: { onClose: () => void }) {
  const create = useCreateOrganization()
  const created = create.data
  return (
    <Dialog
      onClose={onClose}
      title={created ? `${created.name} is there` : 'New organization'}
      // A link that was not copied yet cannot be shown again.
      closeOnClickOutside={!created}
    >
      {created?.invitation ? (
        <InvitationLink invitation={created.invitation} username={created.user.username} onClose={onClose} />
      ) : (
        <OrganizationForm
          isPending={create.isPending}
          error={create.error}
          onSubmit={create.mutate}
          onClose={onClose}
        />
      )}
    </Dialog>
  )
}

interface OrganizationFormProps {
  isPending: boolean
  error: unknown
  onSubmit: (body: CreateOrganization) => void
  onClose: () => void
}

function OrganizationForm({ isPending, error, onSubmit, onClose }: OrganizationFormProps) {
  const form = useForm({
    initialValues: { name: '', username: '' },
    validate: {
      name: (name) => (name.trim() ? null : 'Name the organization'),
      username: (username) => (username.trim() ? null : 'Name its first super user'),
    },
  })
  const { setErrors } = form
  useEffect(() => {
    setErrors(fieldProblems(error, fieldOf).fields)
  }, [error, setErrors])
  return (
    <form
      noValidate
      onSubmit={form.onSubmit(({ name, username }) =>
        onSubmit({ name: name.trim(), username: username.trim() }),
      )}
    >
      <Stack>
        <Text size="sm" c="dimmed">
          An organization has its own users, devices and everything else; no other sees any of it.
        </Text>
        <TextInput label="Name" data-autofocus autoComplete="off" {...form.getInputProps('name')} />
        <TextInput
          label="User name of its first super user"
          description="You get a link to send, by which that user sets a password."
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          {...form.getInputProps('username')}
        />
        <FormProblem text={fieldProblems(error, fieldOf).rest} error={error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={isPending}>
            Create the organization
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
