import { Alert, Anchor, Button, PasswordInput, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { getRouteApi } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { fieldProblems } from '../../lib/api/problem'
import { EntryFrame } from './entry-frame'
import { fieldOfPointer } from './fields'
import { useSignIn } from './session'

const route = getRouteApi('/login')
const fields = ['username', 'password', 'organization'] as const

/** Signs somebody in. */
export function LogInPage() {
  const { next } = route.useSearch()
  const signIn = useSignIn(next)
  const [asksOrganization, setAsksOrganization] = useState(false)
  const form = useForm({
    initialValues: { username: '', password: '', organization: '' },
    validate: {
      username: (name) => (name.trim() ? null : 'Enter your user name'),
      password: (password) => (password ? null : 'Enter your password'),
    },
  })
  const problems = fieldProblems(signIn.error, fieldOfPointer(fields))
  const { setErrors } = form

  useEffect(() => {
    setErrors(fieldProblems(signIn.error, fieldOfPointer(fields)).fields)
  }, [signIn.error, setErrors])

  return (
    <EntryFrame
      title="Sign in"
      words={next ? 'Sign in to go on where you were.' : 'Sign in to see your devices.'}
    >
      <form
        noValidate
        onSubmit={form.onSubmit(({ username, password, organization }) =>
          signIn.mutate({ username: username.trim(), password, organization: organization.trim() || null }),
        )}
      >
        <Stack>
          <TextInput
            label="User name"
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            autoFocus
            {...form.getInputProps('username')}
          />
          <PasswordInput
            label="Password"
            autoComplete="current-password"
            visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
            {...form.getInputProps('password')}
          />
          {asksOrganization ? (
            <TextInput
              label="Organization"
              description="Needed only if your user name exists in several organizations."
              autoFocus
              {...form.getInputProps('organization')}
            />
          ) : (
            <Anchor
              component="button"
              type="button"
              size="sm"
              ta="start"
              onClick={() => setAsksOrganization(true)}
            >
              Name the organization
            </Anchor>
          )}
          {problems.rest && (
            <Alert color="red" role="alert">
              {problems.rest}
            </Alert>
          )}
          <Button type="submit" loading={signIn.isPending} fullWidth>
            Sign in
          </Button>
        </Stack>
      </form>
    </EntryFrame>
  )
}
