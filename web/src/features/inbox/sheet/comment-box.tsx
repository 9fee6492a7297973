import { Button, Group, SegmentedControl, Stack, Textarea } from '@mantine/core'
import { type FormEvent, type KeyboardEvent, type RefObject, useState } from 'react'
import { fieldProblems } from '../../../lib/api/problem'
import type { Item } from '../../../lib/api/types'
import { FormProblem } from '../../../ui/form-problem'
import { tell } from '../../../ui/toast'
import { useAddComment } from '../queries'

const readers = [
  { value: 'internal', label: 'For the team' },
  { value: 'public', label: 'For everybody concerned' },
]

interface CommentBoxProps {
  item: Item
  area: RefObject<HTMLTextAreaElement | null>
}

/** Says something about an item: for the team alone, or also for whoever it is about. */
export function CommentBox({ item, area }: CommentBoxProps) {
  const [text, setText] = useState('')
  const [reader, setReader] = useState('internal')
  const add = useAddComment(item)
  const problems = fieldProblems(add.error, (pointer) => (pointer === '/text' ? 'text' : null))
  const send = () => {
    if (text.trim() === '' || add.isPending) return
    add.mutate(
      { text: text.trim(), public: reader === 'public' },
      {
        onSuccess: () => {
          setText('')
          tell('Your comment is there')
        },
      },
    )
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    send()
  }
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) send()
    if (event.key === 'Escape') event.currentTarget.blur()
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="xs">
        <Textarea
          ref={area}
          aria-label="Comment"
          placeholder="Say something about it"
          autosize
          minRows={2}
          maxRows={10}
          value={text}
          error={problems.fields.text}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
        {text.trim() !== '' && (
          <Group justify="space-between" gap="xs">
            <SegmentedControl
              aria-label="Who reads it"
              size="xs"
              data={readers}
              value={reader}
              onChange={setReader}
            />
            <Button type="submit" variant="default" loading={add.isPending}>
              Comment
            </Button>
          </Group>
        )}
        <FormProblem text={problems.rest} error={add.error} />
      </Stack>
    </form>
  )
}
