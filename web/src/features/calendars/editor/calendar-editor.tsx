import { Alert, Button, Group, Stack, Textarea, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, type ReactNode, useEffect, useMemo, useRef, useState } from 'react'
import { idempotencyKey } from '../../../lib/api/client'
import type { Calendar } from '../../../lib/api/types'
import { LeaveGuard } from '../../../ui/leave-guard'
import { ButtonLink, TextLink } from '../../../ui/links'
import { Page } from '../../../ui/page'
import { CodeText } from '../../../ui/text'
import { calendarPreview, type useSaveCalendar } from '../queries'
import {
  type CalendarField,
  type CalendarForm,
  type CalendarProblems,
  nameOfFile,
  noProblems,
  problemsOf,
  specOf,
} from './calendar-form'
import { ComingPreview } from './coming-preview'
import { ContentField } from './content-field'
import classes from './editor.module.css'

interface CalendarEditorProps {
  title: string
  /** The calendar that is replaced; without it a new one is made. */
  calendar?: Calendar
  start: CalendarForm
  save: ReturnType<typeof useSaveCalendar>
  saveLabel: string
  /** What is said while someone else's version is newer. */
  conflict?: ReactNode
}

const askAfterMs = 400

/** A calendar, beside what it says. */
export function CalendarEditor({ title, calendar, start, save, saveLabel, conflict }: CalendarEditorProps) {
  const navigate = useNavigate()
  const [form, setForm] = useState(start)
  const [refusal, setRefusal] = useState<{ form: CalendarForm; problems: CalendarProblems }>({
    form: start,
    problems: noProblems,
  })
  const body = useRef<HTMLFormElement>(null)
  const isSaved = useRef(false)
  // One key for one content: a second press makes the same calendar, a changed form another.
  // biome-ignore lint/correctness/useExhaustiveDependencies: a changed form is another calendar
  const key = useMemo(idempotencyKey, [form])
  const preview = usePreview(form.content)
  const problemsAt = (field: CalendarField) => {
    const refused = refusal.form[field] === form[field] ? refusal.problems.fields[field] : []
    if (refused.length > 0 || field !== 'content') return refused
    return preview.problems
  }

  useEffect(() => {
    if (refusal.problems === noProblems) return
    body.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
  }, [refusal])

  const change = (changed: Partial<CalendarForm>) => setForm((known) => ({ ...known, ...changed }))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate(
      { spec: specOf(form), key },
      {
        onSuccess: (saved) => {
          isSaved.current = true
          void navigate({ to: '/calendars/$calendar', params: { calendar: saved.id } })
        },
        onError: (error) => setRefusal({ form, problems: problemsOf(error) }),
      },
    )
  }
  const rest = refusal.form === form ? refusal.problems.rest : []
  return (
    <Page title={title} before={<WayBack calendar={calendar} />}>
      <form noValidate onSubmit={submit} ref={body}>
        <Stack>
          {conflict}
          {rest.length > 0 && (
            <Alert color="red" role="alert">
              {rest.join('; ')}
            </Alert>
          )}
          <div className={classes.columns}>
            <Stack gap="sm">
              <TextInput
                label="Name"
                description="Letters, digits, dots, dashes and underscores. Schedules name it."
                autoComplete="off"
                autoCapitalize="none"
                spellCheck={false}
                value={form.name}
                error={told(problemsAt('name'))}
                onChange={(event) => change({ name: event.currentTarget.value })}
              />
              <Textarea
                label="Description"
                autosize
                minRows={1}
                maxRows={8}
                value={form.description}
                error={told(problemsAt('description'))}
                onChange={(event) => change({ description: event.currentTarget.value })}
              />
              <ContentField
                value={form.content}
                problems={problemsAt('content')}
                onChange={(content) => change({ content })}
                onFile={(content, file) => change({ content, name: form.name || nameOfFile(file) })}
              />
            </Stack>
            <ComingPreview
              told={preview.told}
              isOld={preview.isOld}
              isEmpty={form.content.trim() === ''}
              isWrong={preview.problems.length > 0}
            />
          </div>
          <Group justify="flex-end">
            {calendar ? (
              <ButtonLink variant="default" to="/calendars/$calendar" params={{ calendar: calendar.id }}>
                Cancel
              </ButtonLink>
            ) : (
              <ButtonLink variant="default" to="/calendars">
                Cancel
              </ButtonLink>
            )}
            <Button type="submit" loading={save.isPending}>
              {saveLabel}
            </Button>
          </Group>
        </Stack>
      </form>
      <LeaveGuard what="calendar" isNeeded={() => !isSaved.current && hasChanged(form, start)} />
    </Page>
  )
}

/** What the server says of a text, once nobody has typed for a moment. */
function usePreview(content: string) {
  const [settled] = useDebouncedValue(content, askAfterMs)
  const query = useQuery({
    ...calendarPreview(settled),
    enabled: settled.trim() !== '',
    placeholderData: keepPreviousData,
  })
  const isCurrent = settled === content
  const found = isCurrent && query.error ? problemsOf(query.error) : noProblems
  return {
    told: query.data,
    isOld: !isCurrent || query.isPlaceholderData,
    problems: [...found.fields.content, ...found.rest],
  }
}

function told(problems: readonly string[]): ReactNode {
  return problems.length > 0 && <CodeText>{problems.join('; ')}</CodeText>
}

function WayBack({ calendar }: { calendar?: Calendar }) {
  if (!calendar) {
    return (
      <TextLink to="/calendars" size="sm">
        Calendars
      </TextLink>
    )
  }
  return (
    <TextLink to="/calendars/$calendar" params={{ calendar: calendar.id }} size="sm">
      {calendar.name}
    </TextLink>
  )
}

function hasChanged(form: CalendarForm, start: CalendarForm): boolean {
  return (Object.keys(form) as CalendarField[]).some((field) => form[field] !== start[field])
}
