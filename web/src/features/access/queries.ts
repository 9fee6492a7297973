import { queryOptions, useSuspenseQuery } from '@tanstack/react-query'
import { answer, api } from '../../lib/api/client'
import { meDetail } from '../accounts/queries'

/** What is asked: whether somebody may do something, somewhere. */
export interface Question {
  verb: string
  /** Id or name. */
  device?: string
  /** Id or name, for verbs of items. */
  item_type?: string
  /** Id or user name; for super users. Without it, about oneself. */
  user?: string
}

export const explanation = (question: Question) =>
  queryOptions({
    queryKey: ['access', question],
    queryFn: ({ signal }) =>
      answer(api.GET('/api/v1/access/explain', { params: { query: question }, signal })),
    staleTime: 0,
  })

/** Tells whether one may do something, anywhere at all. */
export function useMay(): (verb: string) => boolean {
  const { data: me } = useSuspenseQuery(meDetail())
  return (verb) => me.can.includes(verb)
}
