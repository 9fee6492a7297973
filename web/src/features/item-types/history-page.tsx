import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { usePagedList } from '../../lib/api/pages'
import type { ItemTypeVersion } from '../../lib/api/types'
import { writeYaml } from '../../lib/draft/yaml-text'
import { lineDiff, linesOf } from '../../lib/line-diff'
import { count } from '../../lib/words'
import { ListAnswer, LoadMore } from '../../ui/answers'
import { DiffText } from '../../ui/diff-text'
import { TextLink } from '../../ui/links'
import { Moment } from '../../ui/moment'
import { Page } from '../../ui/page'
import { Section } from '../../ui/section'
import { itemTypeDetail, itemTypeVersions } from './queries'

const route = getRouteApi('/in/item-types/$type/versions')

/** Every version of an item type, newest first, each with what it changed and how many open items keep it. */
export function ItemTypeHistoryPage() {
  const { type: id } = route.useParams()
  const type = useQuery(itemTypeDetail(id))
  const { query, items } = usePagedList(itemTypeVersions(id))
  return (
    <Page
      title={type.data ? `Versions of ${type.data.name}` : 'Versions'}
      before={
        <TextLink to="/item-types/$type" params={{ type: id }} size="sm">
          {type.data?.name ?? 'Item type'}
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
  version: ItemTypeVersion
  before?: ItemTypeVersion
  /** Whether the version before it was read, or there is none. */
  isKnown: boolean
}

function Version({ version, before, isKnown }: VersionProps) {
  return (
    <Section title={`Version ${version.version}`}>
      <Text size="sm" c="dimmed" mb="xs">
        <Moment at={version.created_at} /> by {version.created_by} ·{' '}
        {count(version.open_count, 'open item keeps it', 'open items keep it')}
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
