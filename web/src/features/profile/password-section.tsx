import { Button, Group, PasswordInput, Stack, Text } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useEffect } from 'react'
import { fieldProblems } from '../../lib/api/problem'
import { FormProblem } from '../../ui/form-problem'
import { Section } from '../../ui/section'
import { fieldOfPointer } from '../accounts/fields'
import { passwordLengthMin, passwordProblem } from '../accounts/password'
import { useChangePassword } from './queries'

const fieldOf = fieldOfPointer(['current', 'new'] as const)

/** Changes one's own password. */
export function PasswordSection() {
  const change = useChangePassword()
  const form = useForm({
    initialValues: { current: '', new: '' },
    validate: {
      current: (current) => (current ? null : 'Enter the password that you have now'),
      new: passwordProblem,
    },
  })
  const { setErrors } = form
  useEffect(() => {
    setErrors(fieldProblems(change.error, fieldOf).fields)
  }, [change.error, setErrors])

  return (
    <Section title="Password">
      <form
        noValidate
        onSubmit={form.onSubmit((values) => change.mutate(values, { onSuccess: () => form.reset() }))}
      >
        <Stack maw={480}>
          <PasswordInput
            label="Current password"
            autoComplete="current-password"
            visibilityToggleButtonProps={{ 'aria-label': 'Show the current password' }}
            {...form.getInputProps('current')}
          />
          <PasswordInput
            label="New password"
            description={`At least ${passwordLengthMin} characters. Every other browser and command line of yours is signed out.`}
            autoComplete="new-password"
            visibilityToggleButtonProps={{ 'aria-label': 'Show the new password' }}
            {...form.getInputProps('new')}
          />
          <FormProblem text={fieldProblems(change.error, fieldOf).rest} error={change.error} />
          <Group>
            <Button type="submit" loading={change.isPending}>
              Change the password
            </Button>
            <Text size="sm" role="status">
              {change.isSuccess && 'Changed. Other browsers of yours are signed out.'}
            </Text>
          </Group>
        </Stack>
      </form>
    </Section>
  )
}
