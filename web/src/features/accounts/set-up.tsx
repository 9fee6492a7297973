import { Alert, Button, PasswordInput, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useEffect } from 'react'
import { fieldProblems } from '../../lib/api/problem'
import { EntryFrame } from './entry-frame'
import { fieldOfPointer } from './fields'
import { passwordLengthMin, passwordProblem } from './password'
import { useSetUp } from './session'

const fields = ['code', 'organization', 'username', 'password'] as const

/** Makes the first account of a new server. */
export function SetUpPage() {
  const setUp = useSetUp()
  const form = useForm({
    initialValues: { code: '', organization: '', username: '', password: '' },
    validate: {
      code: (code) => (code.trim() ? null : 'Enter the code that the server printed'),
      organization: (name) => (name.trim() ? null : 'Name your organization'),
      username: (name) => (name.trim() ? null : 'Choose a user name'),
      password: passwordProblem,
    },
  })
  const problems = fieldProblems(setUp.error, fieldOfPointer(fields))
  const { setErrors } = form

  useEffect(() => {
    setErrors(fieldProblems(setUp.error, fieldOfPointer(fields)).fields)
  }, [setUp.error, setErrors])

  return (
    <EntryFrame
      title="Set up this server"
      words="Makes the organization and its first user, who also operates the server."
    >
      <form
        noValidate
        onSubmit={form.onSubmit((values) =>
          setUp.mutate({ ...values, code: values.code.trim(), username: values.username.trim() }),
        )}
      >
        <Stack>
          <TextInput
            label="Set-up code"
            description="Printed by “taskey serve” when it starts. Valid for one hour."
            autoComplete="one-time-code"
            spellCheck={false}
            autoFocus
            {...form.getInputProps('code')}
          />
          <TextInput
            label="Organization"
            autoComplete="organization"
            {...form.getInputProps('organization')}
          />
          <TextInput
            label="User name"
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            {...form.getInputProps('username')}
          />
          <PasswordInput
            label="Password"
            description={`At least ${passwordLengthMin} characters.`}
            autoComplete="new-password"
            visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
            {...form.getInputProps('password')}
          />
          {problems.rest && (
            <Alert color="red" role="alert">
              {problems.rest}
            </Alert>
          )}
          <Button type="submit" loading={setUp.isPending} fullWidth>
            Set up and sign in
          </Button>
        </Stack>
      </form>
    </EntryFrame>
  )
}
