import { queryOptions } from '@tanstack/react-query'
import { answer, api } from '../../lib/api/client'
import { pagedList } from '../../lib/api/pages'

export const taskList = () =>
  pagedList(['tasks', 'list'], (cursor, signal) =>
    answer(api.GET('/api/v1/tasks', { params: { query: { cursor, limit: 100 } }, signal })),
  )

/** `task` is an id or a name. */
export const taskDetail = (task: string) =>
  queryOptions({
    queryKey: ['tasks', 'one', task],
    queryFn: ({ signal }) => answer(api.GET('/api/v1/tasks/{task}', { params: { path: { task } }, signal })),
  })
