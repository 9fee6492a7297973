import { Alert, Button, Group, Skeleton, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { problemText } from '../lib/api/problem'
import classes from './answers.module.css'
import { type Icon, RetryIcon, WarningIcon } from './icons'
import { CodeText } from './text'
import { WhyOf } from './why'

/** Stands in for rows that are on their way. */
export function LoadingRows({ count = 4 }: { count?: number }) {
  return (
    <Stack gap={0} className={classes.frame} role="status" aria-label="Loading">
      {Array.from({ length: count }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: these rows have nothing else
        <div key={index} className={classes.row}>
          <Skeleton height={12} width={`${34 - (index % 3) * 6}%`} mb={9} />
          <Skeleton height={10} width={`${62 - (index % 2) * 14}%`} />
        </div>
      ))}
    </Stack>
  )
}

interface FailedProps {
  error: unknown
  onRetry?: () => void
  device?: string
  title?: string
}

/** Says what is wrong, offers to try again, and why where it is not allowed; `device`: what it was about. */
export function Failed({ error, onRetry, device, title = 'That did not work' }: FailedProps) {
  return (
    <Alert
      color="red"
      variant="light"
      icon={<WarningIcon />}
      title={title}
      role="alert"
      className={classes.failed}
    >
      <Text size="sm">
        <CodeText>{problemText(error)}</CodeText>
      </Text>
      <WhyOf error={error} device={device} />
      {onRetry && (
        <Button mt="sm" size="xs" variant="default" leftSection={<RetryIcon size={14} />} onClick={onRetry}>
          Try again
        </Button>
      )}
    </Alert>
  )
}

interface NothingHereProps {
  icon: Icon
  title: string
  children: ReactNode
  action?: ReactNode
}

/** Explains an empty list and says how to fill it. */
export function NothingHere({ icon: Drawing, title, children, action }: NothingHereProps) {
  return (
    <div className={classes.nothing}>
      <div className={classes.sign}>
        <Drawing size={26} />
      </div>
      <Text fw={600}>{title}</Text>
      <div className={classes.words}>{children}</div>
      {action && (
        <Group justify="center" mt="md">
          {action}
        </Group>
      )}
    </div>
  )
}

interface ListOf<Item> {
  query: { isPending: boolean; isError: boolean; error: unknown; refetch: () => unknown }
  items: Item[] | undefined
  empty: ReactNode
  children: (items: Item[]) => ReactNode
}

/** The four faces of a list: on its way, failed, empty, there. What was read stays on the screen while it is read again. */
export function ListAnswer<Item>({ query, items, empty, children }: ListOf<Item>) {
  if (query.isPending) return <LoadingRows />
  const failure = query.isError && <Failed error={query.error} onRetry={() => void query.refetch()} />
  if (!items) return failure
  return (
    <Stack gap="md">
      {failure}
      {items.length === 0 ? empty : children(items)}
    </Stack>
  )
}

interface MoreQuery {
  hasNextPage: boolean
  isFetchingNextPage: boolean
  fetchNextPage: () => unknown
}

/** Reads the next page of a list. */
export function LoadMore({ query, what }: { query: MoreQuery; what: string }) {
  if (!query.hasNextPage) return null
  return (
    <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
      Load more {what}
    </Button>
  )
}
