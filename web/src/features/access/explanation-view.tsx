import { Text } from '@mantine/core'
import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import type { Explanation, Grant } from '../../lib/api/types'
import { Failed, LoadingRows } from '../../ui/answers'
import { Tag } from '../../ui/tag'
import { CodeText } from '../../ui/text'
import { meDetail } from '../accounts/queries'
import { grantSource, needWords, verdict, withoutGrants } from './explanation'
import classes from './explanation-view.module.css'
import { explanation, type Question } from './queries'
import { roleName } from './roles'

/** Whether somebody may do something, what decides it, and what each group gives. */
export function ExplanationView({ question }: { question: Question }) {
  const query = useQuery(explanation(question))
  if (query.data) return <Explained explanation={query.data} />
  if (query.isError) return <Failed error={query.error} onRetry={() => void query.refetch()} />
  return <LoadingRows count={2} />
}

function Explained({ explanation }: { explanation: Explanation }) {
  const { data: me } = useSuspenseQuery(meDetail())
  const isOneself = explanation.user.id === me.user.id
  return (
    <div className={classes.explained}>
      <Text fw={600} role="status">
        {verdict(explanation, isOneself)}
      </Text>
      <Text size="sm">
        <CodeText>{explanation.reason.detail}</CodeText>
      </Text>
      <Text size="sm" c="dimmed">
        {needWords(explanation)}
      </Text>
      {explanation.grants.length > 0 ? (
        <Grants grants={explanation.grants} isOneself={isOneself} />
      ) : (
        <Text size="sm">{withoutGrants(explanation, isOneself)}</Text>
      )}
    </div>
  )
}

function Grants({ grants, isOneself }: { grants: readonly Grant[]; isOneself: boolean }) {
  const title = isOneself ? 'What your groups give' : 'What the groups give'
  return (
    <>
      <Text size="sm" fw={600} mt="xs">
        {title}
      </Text>
      <ul className={classes.grants} aria-label={title}>
        {grants.map((grant) => (
          <li
            key={`${grant.group.id} ${grant.device_group?.id ?? grant.item_type?.id ?? ''}`}
            className={classes.grant}
          >
            <span className={classes.words}>
              <b>{grant.group.name}</b> gives <b>{roleName(grant.role)}</b>
              <span className={classes.source}> ({grantSource(grant)})</span>
            </span>
            {grant.counts && <Tag tone="active">this one counts</Tag>}
          </li>
        ))}
      </ul>
    </>
  )
}
