import { Alert, Button, PasswordInput, Stack, Text } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { ApiProblem, fieldProblems } from '../../lib/api/problem'
import { Failed, LoadingRows } from '../../ui/answers'
import { ButtonLink } from '../../ui/links'
import { ExactMoment } from '../../ui/moment'
import { EntryFrame } from './entry-frame'
import { fieldOfPointer } from './fields'
import { invitationToken, openedInvitation } from './invitation'
import { passwordLengthMin, passwordProblem } from './password'
import { useAcceptInvitation } from './session'

const fields = ['password'] as const

/** Where somebody who got a link sets a first or a new password. */
export function InvitePage() {
  if (!invitationToken()) return <WithoutLink />
  return <WithLink />
}

function WithLink() {
  const query = useQuery(openedInvitation())
  if (query.data) return <SetPassword {...query.data} />
  if (isUsedUp(query.error)) return <UsedUp />
  return (
    <EntryFrame title="Your link" words="One moment: the server looks at the link.">
      {query.isError ? (
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <LoadingRows count={1} />
      )}
    </EntryFrame>
  )
}

interface OpenedProps {
  username: string
  name: string
  organization: string
  has_password: boolean
  expires_at: string
}

function SetPassword({ username, name, organization, has_password, expires_at }: OpenedProps) {
  const accept = useAcceptInvitation()
  const form = useForm({
    initialValues: { password: '', again: '' },
    validate: {
      password: passwordProblem,
      again: (again, { password }) => (again === password ? null : 'This is not the same'),
    },
  })
  const { setErrors } = form
  useEffect(() => {
    setErrors(fieldProblems(accept.error, fieldOfPointer(fields)).fields)
  }, [accept.error, setErrors])

  if (isUsedUp(accept.error)) return <UsedUp />
  const { rest } = fieldProblems(accept.error, fieldOfPointer(fields))
  return (
    <EntryFrame
      title={`${has_password ? 'Hello again' : 'Welcome'}, ${name}`}
      words={`${organization}: choose ${has_password ? 'a new' : 'your'} password, and you are signed in.`}
    >
      <form
        noValidate
        onSubmit={form.onSubmit(({ password }) => accept.mutate({ token: invitationToken(), password }))}
      >
        <Stack>
          <Text size="sm">
            Your user name is <b>{username}</b>.
          </Text>
          {/* So that the browser's password store knows whose password it is. */}
          <input type="text" name="username" autoComplete="username" value={username} readOnly hidden />
          <PasswordInput
            label={has_password ? 'New password' : 'Password'}
            description={`At least ${passwordLengthMin} characters. A few words that nobody else would put together are better than one with signs in it.`}
            autoComplete="new-password"
            autoFocus
            visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
            {...form.getInputProps('password')}
          />
          <PasswordInput
            label="The same again"
            autoComplete="new-password"
            visibilityToggleButtonProps={{ 'aria-label': 'Show the repeated password' }}
            {...form.getInputProps('again')}
          />
          {has_password && (
            <Text size="sm" c="dimmed">
              The old password is void then, and every other browser of yours is signed out.
            </Text>
          )}
          {rest && (
            <Alert color="red" role="alert">
              {rest}
            </Alert>
          )}
          <Button type="submit" loading={accept.isPending} fullWidth>
            Set the password and sign in
          </Button>
          <Text size="xs" c="dimmed">
            The link works once, until <ExactMoment at={expires_at} />.
          </Text>
        </Stack>
      </form>
    </EntryFrame>
  )
}

function UsedUp() {
  return (
    <EntryFrame
      title="This link no longer works"
      words="It was used already, has expired, or a newer one was made."
    >
      <Stack>
        <Text size="sm">
          If you have set your password, sign in with it. If not, ask whoever sent you the link for a new one:
          a super user of your organization makes it on your page under Users.
        </Text>
        <ButtonLink to="/login">Sign in</ButtonLink>
      </Stack>
    </EntryFrame>
  )
}

function WithoutLink() {
  return (
    <EntryFrame
      title="Open your link again"
      words="This page is only reached by a link that somebody sent you."
    >
      <Stack>
        <Text size="sm">
          The secret part of the link is taken out of the address at once, so a reload has lost it. Click the
          link in your message once more: as long as no password was set with it, it still works.
        </Text>
        <ButtonLink to="/login" variant="default">
          Sign in
        </ButtonLink>
      </Stack>
    </EntryFrame>
  )
}

function isUsedUp(error: unknown): boolean {
  return error instanceof ApiProblem && error.code === 'invalid_invitation'
}
