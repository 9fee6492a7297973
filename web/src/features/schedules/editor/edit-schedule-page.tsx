import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { ApiProblem } from '../../../lib/api/problem'
import { Failed, LoadingRows } from '../../../ui/answers'
import { Conflict } from '../../../ui/conflict'
import { Page } from '../../../ui/page'
import { type ReadSchedule, scheduleToEdit, useSaveSchedule } from '../queries'
import { draftOf } from './draft'
import { ScheduleEditor } from './schedule-editor'

const route = getRouteApi('/in/schedules/$schedule/edit')

/** A schedule that is changed. */
export function EditSchedulePage() {
  const { schedule: id } = route.useParams()
  const query = useQuery(scheduleToEdit(id))
  if (query.data) return <EditSchedule key={id} newest={query.data} read={query.refetch} />
  return (
    <Page title="Edit a schedule">
      {query.isError ? <Failed error={query.error} onRetry={() => void query.refetch()} /> : <LoadingRows />}
    </Page>
  )
}

interface EditScheduleProps {
  /** As it is on the server, as far as we know. */
  newest: ReadSchedule
  /** Reads it again. */
  read: () => Promise<{ isSuccess: boolean; data: ReadSchedule | undefined }>
}

function EditSchedule({ newest, read }: EditScheduleProps) {
  const [{ schedule, start, key }, setOpened] = useState(() => opened(newest))
  const [etag, setEtag] = useState(newest.etag)
  const save = useSaveSchedule({ id: schedule.id, etag })
  const isOld = etag !== newest.etag && !save.isPending && !save.isSuccess
  const wasRefused = save.error instanceof ApiProblem && save.error.code === 'precondition_failed'

  const goOnFrom = async (decide: (now: ReadSchedule) => void) => {
    const { isSuccess, data } = await read()
    if (!isSuccess || !data) return
    save.reset()
    setEtag(data.etag)
    decide(data)
  }
  return (
    <ScheduleEditor
      key={key}
      title={`Edit ${schedule.name}`}
      schedule={schedule}
      start={start}
      save={save}
      saveLabel="Save"
      conflict={
        (isOld || wasRefused) && (
          <Conflict
            what="schedule"
            onLoad={() => goOnFrom((now) => setOpened(opened(now)))}
            onKeep={() => goOnFrom(() => undefined)}
          />
        )
      }
    />
  )
}

/** A version that is being edited; with another one the editor begins anew. */
function opened({ schedule, etag }: ReadSchedule) {
  return { schedule, start: draftOf(schedule.spec), key: etag }
}
