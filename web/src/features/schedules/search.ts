/** What is in the address of the list and of a new schedule. */
export interface ScheduleSearch {
  /** Id or name. */
  task?: string
}

export function parseScheduleSearch({ task }: Record<string, unknown>): ScheduleSearch {
  return typeof task === 'string' && task !== '' ? { task } : {}
}
