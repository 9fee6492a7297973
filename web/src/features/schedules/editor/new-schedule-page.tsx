import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { currentLocale } from '../../../lib/locale'
import { viewerZone } from '../../../lib/time/zone'
import { useSaveSchedule } from '../queries'
import { newDraft } from './draft'
import { ScheduleEditor } from './schedule-editor'
import { emptyForm } from './schedule-form'

const route = getRouteApi('/in/schedules/new')

/** A schedule that is not there yet. */
export function NewSchedulePage() {
  const { task = '' } = route.useSearch()
  const [start] = useState(() => newDraft({ ...emptyForm(viewerZone(currentLocale().timeZone)), task }))
  return (
    <ScheduleEditor
      title="New schedule"
      start={start}
      save={useSaveSchedule()}
      saveLabel="Create the schedule"
    />
  )
}
