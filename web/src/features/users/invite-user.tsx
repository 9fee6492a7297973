import { Button, Group, PasswordInput, SegmentedControl, Stack, Switch, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useEffect } from 'react'
import { fieldProblems } from '../../lib/api/problem'
import type { CreatedUser, CreateUser } from '../../lib/api/types'
import { Dialog } from '../../ui/dialog'
import { FormProblem } from '../../ui/form-problem'
import { InvitationLink } from '../accounts/invitation-link'
import { passwordLengthMin, passwordProblem } from '../accounts/password'
import { GroupsField } from '../groups/groups-field'
import { useCreateUser } from './queries'
import { createFieldOf } from './user-fields'

/** Makes a user, and shows the link to send or says that a password is set. */
export function InviteUserDialog({ onClose }: { onClose: () => void }) {
  const create = useCreateUser()
  return (
    <Dialog
      onClose={onClose}
      title={create.data ? `${create.data.username} can come in` : 'Invite a user'}
      // A link that was not copied yet cannot be shown again.
      closeOnClickOutside={!create.data}
    >
      {create.data ? (
        <Created created={create.data} onClose={onClose} />
      ) : (
        <UserForm
          isPending={create.isPending}
          error={create.error}
          onSubmit={create.mutate}
          onClose={onClose}
        />
      )}
    </Dialog>
  )
}

function Created({ created, onClose }: { created: CreatedUser; onClose: () => void }) {
  if (created.invitation) {
    return <InvitationLink invitation={created.invitation} username={created.username} onClose={onClose} />
  }
  return (
    <Stack>
      <Text size="sm" role="status">
        {created.username} signs in with the password that you have set, and can change it afterwards.
      </Text>
      <Group justify="flex-end">
        <Button onClick={onClose}>Done</Button>
      </Group>
    </Stack>
  )
}

interface UserFormProps {
  isPending: boolean
  error: unknown
  onSubmit: (body: CreateUser) => void
  onClose: () => void
}

function UserForm({ isPending, error, onSubmit, onClose }: UserFormProps) {
  const form = useForm({
    initialValues: {
      username: '',
      name: '',
      groups: [] as string[],
      super: false,
      how: 'link',
      password: '',
    },
    validate: {
      username: (username) => (username.trim() ? null : 'Choose a user name'),
      password: (password, { how }) => (how === 'password' ? passwordProblem(password) : null),
    },
  })
  const { setErrors } = form
  useEffect(() => {
    setErrors(fieldProblems(error, createFieldOf).fields)
  }, [error, setErrors])
  const { rest } = fieldProblems(error, createFieldOf)

  return (
    <form
      noValidate
      onSubmit={form.onSubmit(({ how, password, name, username, ...values }) =>
        onSubmit({
          ...values,
          username: username.trim(),
          name: name.trim() || null,
          password: how === 'password' ? password : null,
        }),
      )}
    >
      <Stack>
        <TextInput
          label="User name"
          description="What they sign in with."
          data-autofocus
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          {...form.getInputProps('username')}
        />
        <TextInput label="Full name" autoComplete="off" {...form.getInputProps('name')} />
        <GroupsField {...form.getInputProps('groups')} />
        <Switch
          label="Super user"
          description="May do everything in the organization, also with users and groups."
          {...form.getInputProps('super', { type: 'checkbox' })}
        />
        <SegmentedControl
          aria-label="How they get in"
          data={[
            { value: 'link', label: 'Send a link' },
            { value: 'password', label: 'Set a password' },
          ]}
          {...form.getInputProps('how')}
        />
        {form.values.how === 'password' && (
          <PasswordInput
            label="Password"
            description={`At least ${passwordLengthMin} characters.`}
            autoComplete="new-password"
            visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
            {...form.getInputProps('password')}
          />
        )}
        <FormProblem text={rest} error={error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={isPending}>
            {form.values.how === 'link' ? 'Make the link' : 'Create the user'}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
