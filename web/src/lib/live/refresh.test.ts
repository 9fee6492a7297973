import { QueryClient, QueryObserver } from '@tanstack/react-query'
import { expect, test, vi } from 'vitest'
import { refresh } from './refresh'

test('what is being read is not given up, but comes back to be read later', async () => {
  const queryClient = new QueryClient()
  let answer = (_: string) => {}
  const read = vi.fn(() => new Promise<string>((resolve) => (answer = resolve)))
  const observer = new QueryObserver(queryClient, { queryKey: ['runs', 'groups', 'run_1'], queryFn: read })
  const stop = observer.subscribe(() => undefined)

  const keys = [
    ['runs', 'groups', 'run_1'],
    ['runs', 'groups', 'run_1'],
  ]
  expect(refresh(queryClient, keys)).toEqual([['runs', 'groups', 'run_1']])
  expect(read).toHaveBeenCalledTimes(1)

  answer('first')
  await vi.waitFor(() => expect(observer.getCurrentResult().data).toBe('first'))
  expect(refresh(queryClient, keys)).toEqual([])
  expect(read).toHaveBeenCalledTimes(2)
  stop()
})
