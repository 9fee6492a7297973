import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { usePagedList } from '../../../lib/api/pages'
import type { TaskVersion } from '../../../lib/api/types'
import { ListAnswer, LoadMore } from '../../../ui/answers'
import { TextLink } from '../../../ui/links'
import { Moment } from '../../../ui/moment'
import { Page } from '../../../ui/page'
import { Section } from '../../../ui/section'
import { writeYaml } from '../editor/task-yaml'
import { taskDetail, taskVersions } from '../queries'
import classes from './history-page.module.css'
import { lineDiff } from './line-diff'

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
        <Difference
          before={before ? writeYaml(before.spec) : ''}
          after={writeYaml(version.spec)}
          version={version.version}
        />
      )}
    </Section>
  )
}

const words = { '+': 'came: ', '-': 'went: ', ' ': '' }

function Difference({ before, after, version }: { before: string; after: string; version: number }) {
  return (
    <pre className={classes.text} tabIndex={0} role="region" aria-label={`What version ${version} changed`}>
      {lineDiff(before, after).map(({ mark, text }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line is known by its place
        <span key={index} className={classes.line} data-mark={mark.trim() || undefined}>
          <span aria-hidden="true">{mark} </span>
          <span className={classes.word}>{words[mark]}</span>
          {`${text}\n`}
        </span>
      ))}
    </pre>
  )
}
