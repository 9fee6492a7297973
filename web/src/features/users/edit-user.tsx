import { Button, Group, Stack, Switch, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useEffect, useState } from 'react'
import { ApiProblem, fieldProblems } from '../../lib/api/problem'
import type { User } from '../../lib/api/types'
import { Dialog } from '../../ui/dialog'
import { FormProblem } from '../../ui/form-problem'
import { GroupsField } from '../groups/groups-field'
import { useEditUser } from './queries'
import { changesOf, editFieldOf, type UserValues, valuesOf } from './user-fields'

/** Changes a user's names, groups, and whether it is a super user. */
export function EditUserDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const edit = useEditUser(user)
  // As it was when the dialog was opened, whatever happens to it meanwhile.
  const [before] = useState(() => valuesOf(user))
  const form = useForm<UserValues>({
    initialValues: before,
    validate: {
      username: (username) => (username.trim() ? null : 'Choose a user name'),
      name: (name) => (name.trim() ? null : 'Give a name for people to read'),
    },
  })
  const { setErrors } = form
  useEffect(() => {
    setErrors(problemsOf(edit.error).fields)
  }, [edit.error, setErrors])

  return (
    <Dialog onClose={onClose} title={`Edit ${user.username}`}>
      <form
        noValidate
        onSubmit={form.onSubmit((values) => edit.mutate(changesOf(before, values), { onSuccess: onClose }))}
      >
        <Stack>
          <TextInput
            label="User name"
            description="What they sign in with."
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            data-autofocus
            {...form.getInputProps('username')}
          />
          <TextInput label="Full name" autoComplete="off" {...form.getInputProps('name')} />
          <GroupsField {...form.getInputProps('groups')} />
          <Switch
            label="Super user"
            description="May do everything in the organization, also with users and groups."
            {...form.getInputProps('super', { type: 'checkbox' })}
          />
          <FormProblem text={problemsOf(edit.error).rest} error={edit.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={edit.isPending}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  )
}

/** That nobody would be a super user any more belongs to the switch. */
function problemsOf(error: unknown) {
  if (error instanceof ApiProblem && error.code === 'last_super') {
    return { fields: { super: error.message.replaceAll('`', '') }, rest: null }
  }
  return fieldProblems(error, editFieldOf)
}
