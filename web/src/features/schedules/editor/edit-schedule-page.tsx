import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { type Editing, EditPage, useEdited } from '../../../ui/edit-page'
import { type ReadSchedule, scheduleToEdit, useSaveSchedule } from '../queries'
import { draftOf } from './draft'
import { ScheduleEditor } from './schedule-editor'

const route = getRouteApi('/in/schedules/$schedule/edit')

/** A schedule that is changed. */
export function EditSchedulePage() {
  const { schedule: id } = route.useParams()
  const query = useQuery(scheduleToEdit(id))
  return (
    <EditPage title="Edit a schedule" query={query}>
      {(editing) => <EditSchedule key={id} {...editing} />}
    </EditPage>
  )
}

function EditSchedule(editing: Editing<ReadSchedule>) {
  const { opened, etag, conflictOf } = useEdited(editing, startOf)
  const save = useSaveSchedule({ id: opened.schedule.id, etag })
  return (
    <ScheduleEditor
      key={opened.etag}
      title={`Edit ${opened.schedule.name}`}
      schedule={opened.schedule}
      start={opened.start}
      save={save}
      saveLabel="Save"
      conflict={conflictOf('schedule', save)}
    />
  )
}

function startOf({ schedule }: ReadSchedule) {
  return draftOf(schedule.spec)
}
