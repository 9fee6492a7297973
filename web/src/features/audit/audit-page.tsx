import { getRouteApi } from '@tanstack/react-router'
import { usePagedList } from '../../lib/api/pages'
import type { AuditEntry } from '../../lib/api/types'
import { useLocale } from '../../lib/locale'
import { ListAnswer, LoadMore, NothingHere } from '../../ui/answers'
import { LogIcon } from '../../ui/icons'
import { Page } from '../../ui/page'
import { Row, Rows } from '../../ui/rows'
import { EntryView } from './entry-view'
import type { AuditFilter } from './filter'
import { FilterFields } from './filter-fields'
import { auditList } from './queries'

const route = getRouteApi('/in/audit')

/** Who did what, and what was refused. */
export function AuditPage() {
  const filter = route.useSearch()
  const navigate = route.useNavigate()
  const { timeZone } = useLocale()
  const { query, items } = usePagedList(auditList(filter, timeZone))
  return (
    <Page title="Audit log">
      <FilterFields filter={filter} onChange={(search) => void navigate({ search, replace: true })} />
      <ListAnswer query={query} items={items} empty={<NoEntries filter={filter} />}>
        {(entries) => (
          <>
            <Rows label="Entries, newest first">
              {entries.map((entry, index) => (
                <Row key={entryKey(entry, index)}>
                  <EntryView entry={entry} />
                </Row>
              ))}
            </Rows>
            <LoadMore query={query} what="entries" />
          </>
        )}
      </ListAnswer>
    </Page>
  )
}

/** What is not sealed yet has no number. */
function entryKey({ seq, at, subject, action }: AuditEntry, index: number): string {
  return typeof seq !== 'number' ? `${at} ${action} ${subject} ${index}` : String(seq)
}

function NoEntries({ filter }: { filter: AuditFilter }) {
  return Object.keys(filter).length > 0 ? (
    <NothingHere icon={LogIcon} title="Nothing like that is in the log">
      Change or clear what you look for to see other entries.
    </NothingHere>
  ) : (
    <NothingHere icon={LogIcon} title="Nothing is in the log yet">
      Whatever somebody changes, starts or tries without being allowed to is written here.
    </NothingHere>
  )
}
