import { Text } from '@mantine/core'
import type { Device } from '../../lib/api/types'
import { FactList } from '../../ui/rows'
import { Section } from '../../ui/section'
import { readablePolicy } from './policy'

/** What the device's owner lets others do there. */
export function PolicySection({ policy }: { policy: NonNullable<Device['policy']> | null }) {
  return (
    <Section title="Policy in force">
      <Text size="sm" c="dimmed" mb="sm">
        Set by the owner in files on the device itself. This server can read it, but not change it.
      </Text>
      {policy ? (
        <FactList
          facts={readablePolicy(policy).map(({ name, values }) => ({
            name,
            value: values.length > 0 ? values.join(', ') : 'none',
          }))}
        />
      ) : (
        <Text size="sm">Not known yet: the agent tells it when it connects for the first time.</Text>
      )}
    </Section>
  )
}
