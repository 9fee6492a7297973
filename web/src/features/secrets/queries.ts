import { answer, api } from '../../lib/api/client'
import { pagedList } from '../../lib/api/pages'

export const secretList = () =>
  pagedList(['secrets'], (cursor, signal) =>
    answer(api.GET('/api/v1/secrets', { params: { query: { cursor } }, signal })),
  )
