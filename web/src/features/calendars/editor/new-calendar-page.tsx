import { useSaveCalendar } from '../queries'
import { CalendarEditor } from './calendar-editor'
import { emptyForm } from './calendar-form'

/** A calendar that is not there yet. */
export function NewCalendarPage() {
  return (
    <CalendarEditor
      title="New calendar"
      start={emptyForm}
      save={useSaveCalendar()}
      saveLabel="Create the calendar"
    />
  )
}
