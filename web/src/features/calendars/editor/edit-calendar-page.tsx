import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { type Editing, EditPage, useEdited } from '../../../ui/edit-page'
import { calendarToEdit, type ReadCalendar, useSaveCalendar } from '../queries'
import { CalendarEditor } from './calendar-editor'
import { formOf } from './calendar-form'

const route = getRouteApi('/in/calendars/$calendar/edit')

/** A calendar that is replaced. */
export function EditCalendarPage() {
  const { calendar: id } = route.useParams()
  const query = useQuery(calendarToEdit(id))
  return (
    <EditPage title="Edit a calendar" query={query}>
      {(editing) => <EditCalendar key={id} {...editing} />}
    </EditPage>
  )
}

function EditCalendar(editing: Editing<ReadCalendar>) {
  const { opened, etag, conflictOf } = useEdited(editing, startOf)
  const save = useSaveCalendar({ id: opened.calendar.id, etag })
  return (
    <CalendarEditor
      key={opened.etag}
      title={`Edit ${opened.calendar.name}`}
      calendar={opened.calendar}
      start={opened.start}
      save={save}
      saveLabel="Save"
      conflict={conflictOf('calendar', save)}
    />
  )
}

function startOf({ calendar }: ReadCalendar) {
  return formOf(calendar)
}
