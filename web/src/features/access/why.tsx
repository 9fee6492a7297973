import { Button, Stack, Text } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Dialog } from '../../ui/dialog'
import { QuestionIcon } from '../../ui/icons'
import { TextLink } from '../../ui/links'
import { meDetail } from '../accounts/queries'
import { ExplanationView } from './explanation-view'
import type { Question } from './queries'
import { verbWords } from './verbs'

/** What is not allowed, and what else there is to say about it. */
export interface Refusal extends Question {
  note?: string
}

/** Opens why one may not do something. */
export function WhyButton({ note, ...question }: Refusal) {
  const { verb } = question
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <Button
        variant="transparent"
        size="compact-sm"
        flex="none"
        leftSection={<QuestionIcon size={14} />}
        aria-label={`Why? You may not ${verbWords(verb)}`}
        onClick={() => setOpen(true)}
      >
        Why?
      </Button>
      {isOpen && <WhyDialog {...question} note={note} onClose={() => setOpen(false)} />}
    </>
  )
}

function WhyDialog({ note, onClose, ...question }: Refusal & { onClose: () => void }) {
  const { data: me } = useSuspenseQuery(meDetail())
  return (
    <Dialog onClose={onClose} title="Why?">
      <Stack>
        {note && <Text size="sm">{note}</Text>}
        <ExplanationView question={question} />
        <Text size="sm" c="dimmed">
          {me.can.includes('groups.write') ? (
            <>
              What a group gives is set under{' '}
              <TextLink to="/groups" onClick={onClose}>
                Groups
              </TextLink>
              .
            </>
          ) : (
            `A super user of ${me.organization.name} can put you into another group.`
          )}
        </Text>
      </Stack>
    </Dialog>
  )
}
