import { answer, api } from '../../lib/api/client'
import { pagedList } from '../../lib/api/pages'
import { type AuditFilter, auditQuery } from './filter'

const pageLength = 50

/** Newest first. */
export const auditList = (filter: AuditFilter, timeZone?: string) =>
  pagedList(['audit', filter, timeZone ?? ''], (cursor, signal) =>
    answer(
      api.GET('/api/v1/audit', {
        params: { query: { ...auditQuery(filter, timeZone), cursor, limit: pageLength } },
        signal,
      }),
    ),
  )
