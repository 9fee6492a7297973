import { MultiSelect, Text } from '@mantine/core'
import { usePagedList } from '../../../lib/api/pages'
import { ButtonLink } from '../../../ui/links'
import { CodeText } from '../../../ui/text'
import { calendarList } from '../../calendars/queries'
import type { FieldsProps } from '../../tasks/editor/fields'
import { idsOf, unknownIn, wordsOf } from './named'
import { scheduleId } from './problems'
import type { ScheduleForm } from './schedule-form'

/** The calendars during whose events it does not fire. */
export function CalendarsField({ form, problems, onChange }: FieldsProps<ScheduleForm & { id: string }>) {
  const { query, items } = usePagedList(calendarList(), { whole: true })
  const known = items ?? []
  const words = form.calendars
  // What is not found is shown as it was written, so that it can be taken out.
  const unknown = items && !query.hasNextPage ? unknownIn(words, known) : []
  if (items && known.length === 0 && words.length === 0) return <NoCalendars />
  const problem =
    problems[`${scheduleId}/calendars`] ?? (query.isError ? 'The calendars could not be loaded' : undefined)
  const choose = (chosen: string[]) => {
    const written = wordsOf(chosen, words, known)
    onChange({ calendars: written.filter((word) => !unknown.includes(word) || chosen.includes(word)) })
  }
  return (
    <MultiSelect
      label="Calendars"
      description="It does not fire during their events."
      placeholder={words.length === 0 ? 'Name' : undefined}
      searchable
      nothingFoundMessage="No such calendar"
      data={[
        ...known.map(({ id, name }) => ({ value: id, label: name })),
        ...unknown.map((word) => ({ value: word, label: word })),
      ]}
      value={[...idsOf(words, known), ...unknown]}
      error={problem && <CodeText>{problem}</CodeText>}
      onChange={choose}
    />
  )
}

function NoCalendars() {
  return (
    <div>
      <Text size="sm" fw={600}>
        Calendars
      </Text>
      <Text size="xs" c="dimmed" mb="xs">
        There are none yet: one with holidays or a freeze keeps schedules from firing during its events.
      </Text>
      <ButtonLink to="/calendars" variant="default" size="xs">
        To the calendars
      </ButtonLink>
    </div>
  )
}
