import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { usePagedList } from '../../../lib/api/pages'
import type { TaskVersion } from '../../../lib/api/types'
import { writeYaml } from '../../../lib/draft/yaml-text'
import { lineDiff, linesOf } from '../../../lib/line-diff'
import { ListAnswer, LoadMore } from '../../../ui/answers'
import { DiffText } from '../../../ui/diff-text'
import { TextLink } from '../../../ui/links'
import { Moment } from '../../../ui/moment'
import { Page } from '../../../ui/page'
import { Section } from '../../../ui/section'
import { taskDetail, taskVersions } from '../queries'

const route = getRouteApi('/in/tasks/$task/versions')

/** Every version of a task, newest first, each with what it changed. */
export function HistoryPage() {
  const { task: id } = route.useParams()
  const task = useQuery(taskDetail(id))
  const { query, items } = usePagedList(taskVersions(id))
  return (
    <Page
      title={task.data ? `Versions of ${task.data.name}` : 'Versions'}
      before={
        <TextLink to="/tasks/$task" params={{ task: id }} size="sm">
          {task.data?.name ?? 'Task'}
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
  version: TaskVersion
  before?: TaskVersion
  /** Whether the version before it was read, or there is none. */
  isKnown: boolean
}

function Version({ version, before, isKnown }: VersionProps) {
  return (
    <Section title={`Version ${version.version}`}>
      <Text size="sm" c="dimmed" mb="xs">
        <Moment at={version.created_at} /> by {version.created_by}
      </Text>
      {isKnown && (
        <DiffText
          label={`What version ${version.version} changed`}
          lines={lineDiff(linesOf(before ? writeYaml(before.spec) : ''), linesOf(writeYaml(version.spec)))}
        />
      )}
    </Section>
  )
}
