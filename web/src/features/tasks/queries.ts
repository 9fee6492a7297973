import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { answer, api } from '../../lib/api/client'
import { pagedList } from '../../lib/api/pages'
import type { Task, TaskSpec } from '../../lib/api/types'

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

/** Every version, newest first. */
export const taskVersions = (task: string) =>
  pagedList(['tasks', 'versions', task], (cursor, signal) =>
    answer(
      api.GET('/api/v1/tasks/{task}/versions', { params: { path: { task }, query: { cursor } }, signal }),
    ),
  )

/** A task as it was read, and the ETag that says so when it is replaced. */
export interface ReadTask {
  task: Task
  etag: string
}

/** Never from memory: an editor that begins with an old version cannot save. */
export const taskToEdit = (task: string) =>
  queryOptions({
    queryKey: ['tasks', 'edit', task],
    queryFn: async ({ signal }): Promise<ReadTask> => {
      const { data, response } = await api.GET('/api/v1/tasks/{task}', { params: { path: { task } }, signal })
      return { task: data as Task, etag: response.headers.get('ETag') ?? '' }
    },
    staleTime: 0,
    gcTime: 0,
  })

/** What is saved. `key` makes a repeated request for the same new task harmless. */
export interface SaveTask {
  spec: TaskSpec
  key: string
}

/** Makes a task, or replaces the one that was read. */
export function useSaveTask(replaced?: { id: string; etag: string }) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: ({ spec, key }: SaveTask) =>
      replaced
        ? answer(api.PUT('/api/v1/tasks/{task}', { params: pathAndMatch(replaced), body: spec }))
        : answer(api.POST('/api/v1/tasks', { body: spec, headers: { 'Idempotency-Key': key } })),
    onSuccess: (task) => {
      queryClient.setQueryData(taskDetail(task.id).queryKey, task)
      void queryClient.invalidateQueries({ queryKey: ['tasks'] })
    },
  })
}

export function useRemoveTask(task: Task, onRemoved: () => void) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: () => answer(api.DELETE('/api/v1/tasks/{task}', { params: { path: { task: task.id } } })),
    onSuccess: () => {
      onRemoved()
      queryClient.removeQueries({ queryKey: taskDetail(task.id).queryKey })
      void queryClient.invalidateQueries({ queryKey: ['tasks', 'list'] })
    },
  })
}

function pathAndMatch({ id, etag }: { id: string; etag: string }) {
  return { path: { task: id }, header: { 'If-Match': etag } }
}
