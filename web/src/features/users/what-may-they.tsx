import { Group, Select, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { usePagedList } from '../../lib/api/pages'
import type { User } from '../../lib/api/types'
import { Section } from '../../ui/section'
import { ExplanationView } from '../access/explanation-view'
import { allVerbs, verbGroups } from '../access/verbs'
import { deviceList } from '../devices/queries'

/** Answers whether a user may do something, and on which device, and why. */
export function WhatMayThey({ user }: { user: User }) {
  const [verb, setVerb] = useState<string | null>(null)
  const [device, setDevice] = useState<string | null>(null)
  const { items } = usePagedList(deviceList(), { whole: true })
  return (
    <Section title="What may they do?">
      <Text size="sm" c="dimmed" mb="sm">
        Pick something, and a device if it is about one: you see whether {user.username} may, and which group
        decides.
      </Text>
      <Stack>
        <Group grow align="flex-start">
          <Select
            label="May they"
            placeholder="Pick an action"
            searchable
            clearable
            nothingFoundMessage="No such action"
            data={verbGroups(allVerbs).map(({ title, verbs }) => ({
              group: title,
              items: verbs.map(({ verb, words }) => ({ value: verb, label: words })),
            }))}
            value={verb}
            onChange={setVerb}
          />
          <Select
            label="On the device"
            placeholder="Anywhere"
            searchable
            clearable
            nothingFoundMessage="No such device"
            data={(items ?? []).map(({ id, name }) => ({ value: id, label: name }))}
            limit={100}
            value={device}
            onChange={setDevice}
          />
        </Group>
        {verb && <ExplanationView question={{ verb, user: user.id, ...(device && { device }) }} />}
      </Stack>
    </Section>
  )
}
