/** What is in the address of the list and of a new schedule. */
export interface ScheduleSearch {
  /** Id or name. */
  task?: string
  /** Id or name. */
  calendar?: string
}

export function parseScheduleSearch({ task, calendar }: Record<string, unknown>): ScheduleSearch {
  return { ...(isWord(task) && { task }), ...(isWord(calendar) && { calendar }) }
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
