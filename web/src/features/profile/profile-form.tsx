import { Button, Group, Select, Stack, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useEffect } from 'react'
import { fieldProblems } from '../../lib/api/problem'
import type { Me } from '../../lib/api/types'
import { useLocale } from '../../lib/locale'
import { exactLabel } from '../../lib/time/relative'
import { FormProblem } from '../../ui/form-problem'
import { Section } from '../../ui/section'
import { fieldOfPointer } from '../accounts/fields'
import { languageChoices, timeZoneChoices } from './choices'
import { useEditMe } from './queries'

const fieldOf = fieldOfPointer(['name', 'time_zone', 'language'] as const)

/** One's name, and how dates and numbers are written for one. */
export function ProfileForm({ me }: { me: Me }) {
  const edit = useEditMe()
  const locale = useLocale()
  const { name, time_zone, language } = me.user
  const form = useForm({
    initialValues: { name, time_zone, language },
    validate: { name: (name) => (name.trim() ? null : 'Give a name for people to read') },
  })
  const { setErrors } = form
  useEffect(() => {
    setErrors(fieldProblems(edit.error, fieldOf).fields)
  }, [edit.error, setErrors])

  return (
    <Section title="You">
      <form
        noValidate
        onSubmit={form.onSubmit(({ name, ...values }) => edit.mutate({ ...values, name: name.trim() }))}
      >
        <Stack maw={480}>
          <TextInput label="Name" autoComplete="name" {...form.getInputProps('name')} />
          <Select
            label="Time zone"
            searchable
            nothingFoundMessage="No such time zone"
            data={timeZoneChoices(time_zone)}
            limit={100}
            allowDeselect={false}
            {...form.getInputProps('time_zone')}
          />
          <Select
            label="Language of dates and numbers"
            description="The words on the screen stay English."
            searchable
            nothingFoundMessage="No such language"
            data={languageChoices(language)}
            allowDeselect={false}
            {...form.getInputProps('language')}
          />
          <FormProblem text={fieldProblems(edit.error, fieldOf).rest} error={edit.error} />
          <Group>
            <Button type="submit" loading={edit.isPending}>
              Save
            </Button>
            <Text size="sm" role="status">
              {edit.isSuccess && `Saved. It is ${exactLabel(new Date(), locale)}.`}
            </Text>
          </Group>
        </Stack>
      </form>
    </Section>
  )
}
