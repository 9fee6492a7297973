import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { ApiProblem } from '../../../lib/api/problem'
import { Failed, LoadingRows } from '../../../ui/answers'
import { Conflict } from '../../../ui/conflict'
import { Page } from '../../../ui/page'
import { calendarToEdit, type ReadCalendar, useSaveCalendar } from '../queries'
import { CalendarEditor } from './calendar-editor'
import { formOf } from './calendar-form'

const route = getRouteApi('/in/calendars/$calendar/edit')

/** A calendar that is replaced. */
export function EditCalendarPage() {
  const { calendar: id } = route.useParams()
  const query = useQuery(calendarToEdit(id))
  if (query.data) return <EditCalendar key={id} newest={query.data} read={query.refetch} />
  return (
    <Page title="Edit a calendar">
      {query.isError ? <Failed error={query.error} onRetry={() => void query.refetch()} /> : <LoadingRows />}
    </Page>
  )
}

interface EditCalendarProps {
  /** As it is on the server, as far as we know. */
  newest: ReadCalendar
  /** Reads it again. */
  read: () => Promise<{ isSuccess: boolean; data: ReadCalendar | undefined }>
}

function EditCalendar({ newest, read }: EditCalendarProps) {
  const [{ calendar, start, key }, setOpened] = useState(() => opened(newest))
  const [etag, setEtag] = useState(newest.etag)
  const save = useSaveCalendar({ id: calendar.id, etag })
  const isOld = etag !== newest.etag && !save.isPending && !save.isSuccess
  const wasRefused = save.error instanceof ApiProblem && save.error.code === 'precondition_failed'

  const goOnFrom = async (decide: (now: ReadCalendar) => void) => {
    const { isSuccess, data } = await read()
    if (!isSuccess || !data) return
    save.reset()
    setEtag(data.etag)
    decide(data)
  }
  return (
    <CalendarEditor
      key={key}
      title={`Edit ${calendar.name}`}
      calendar={calendar}
      start={start}
      save={save}
      saveLabel="Save"
      conflict={
        (isOld || wasRefused) && (
          <Conflict
            what="calendar"
            onLoad={() => goOnFrom((now) => setOpened(opened(now)))}
            onKeep={() => goOnFrom(() => undefined)}
          />
        )
      }
    />
  )
}

/** A version that is being edited; with another one the editor begins anew. */
function opened({ calendar, etag }: ReadCalendar) {
  return { calendar, start: formOf(calendar), key: etag }
}
