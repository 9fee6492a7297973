import { queryOptions } from '@tanstack/react-query'
import { answer, api } from '../../lib/api/client'

/** Whether the server was restored and waits for its operator. It becomes so only while it is down, so it is asked once a sign-in. */
export const quietState = () =>
  queryOptions({
    queryKey: ['quiet'],
    queryFn: ({ signal }) => answer(api.GET('/api/v1/quiet', { signal })),
  })
