import { Alert, Stack, Text } from '@mantine/core'
import { WarningIcon } from '../../ui/icons'
import { TextLink } from '../../ui/links'
import { namedOf } from './given-up'
import classes from './trouble-notice.module.css'
import { useGivenUp } from './use-given-up'

/** Says loudly, where the items are, that applications are not told of them any more. */
export function GivenUpNotice() {
  const webhooks = useGivenUp()
  if (webhooks.length === 0) return null
  const { named, otherCount } = namedOf(webhooks)
  return (
    <Alert
      role="alert"
      color="red"
      icon={<WarningIcon />}
      classNames={{ root: classes.given, icon: classes.ink }}
    >
      <Stack gap={4}>
        {named.map((webhook) => (
          <Text key={webhook.id} size="sm">
            The webhook{' '}
            <TextLink underline="always" to="/webhooks/$webhook" params={{ webhook: webhook.id }}>
              {webhook.name}
            </TextLink>{' '}
            was given up: nothing is delivered to it any more.
          </Text>
        ))}
        {otherCount > 0 && (
          <Text size="sm">
            <TextLink underline="always" to="/webhooks">
              and {otherCount} more
            </TextLink>
          </Text>
        )}
      </Stack>
    </Alert>
  )
}
