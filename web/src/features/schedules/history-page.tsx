import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { usePagedList } from '../../lib/api/pages'
import type { ScheduleSpec, ScheduleVersion } from '../../lib/api/types'
import { writeYaml } from '../../lib/draft/yaml-text'
import { lineDiff, linesOf } from '../../lib/line-diff'
import { ListAnswer, LoadMore } from '../../ui/answers'
import { DiffText } from '../../ui/diff-text'
import { TextLink } from '../../ui/links'
import { Moment } from '../../ui/moment'
import { Page } from '../../ui/page'
import { Section } from '../../ui/section'
import { draftOf } from './editor/draft'
import { specOf } from './editor/schedule-spec'
import { scheduleDetail, scheduleVersions } from './queries'

const route = getRouteApi('/in/schedules/$schedule/versions')

/** Every version of a schedule, newest first, each with what it changed. */
export function ScheduleHistoryPage() {
  const { schedule: id } = route.useParams()
  const schedule = useQuery(scheduleDetail(id))
  const { query, items } = usePagedList(scheduleVersions(id))
  return (
    <Page
      title={schedule.data ? `Versions of ${schedule.data.name}` : 'Versions'}
      before={
        <TextLink to="/schedules/$schedule" params={{ schedule: id }} size="sm">
          {schedule.data?.name ?? 'Schedule'}
        </TextLink>
      }
    >
      <ListAnswer query={query} items={items} empty={null}>
        {(versions) => (
          <>
            {versions.map((version, index) => (
              <Version
                key={version.version}
                version={version}
                before={versions[index + 1]}
                isKnown={index + 1 < versions.length || version.version === 1}
              />
            ))}
            <LoadMore query={query} what="versions" />
          </>
        )}
      </ListAnswer>
    </Page>
  )
}

interface VersionProps {
  version: ScheduleVersion
  before?: ScheduleVersion
  /** Whether the version before it was read, or there is none. */
  isKnown: boolean
}

function Version({ version, before, isKnown }: VersionProps) {
  const lines = lineDiff(linesOf(before ? textOf(before.spec) : ''), linesOf(textOf(version.spec)))
  return (
    <Section title={`Version ${version.version}`}>
      <Text size="sm" c="dimmed" mb="xs">
        <Moment at={version.created_at} /> by {version.created_by}
      </Text>
      {isKnown &&
        (lines.some(({ mark }) => mark === '+' || mark === '-') ? (
          <DiffText label={`What version ${version.version} changed`} lines={lines} />
        ) : (
          <Text size="sm">It says the same, and takes a newer version of its task.</Text>
        ))}
    </Section>
  )
}

/** As somebody would write it: without what need not be said. */
function textOf(spec: ScheduleSpec): string {
  const { view, form, text } = draftOf(spec)
  return view === 'form' ? writeYaml(specOf(form)) : text
}
