import { Button, Group, Select, Stack, Textarea } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { usePagedList } from '../../../lib/api/pages'
import { fieldProblems } from '../../../lib/api/problem'
import type { Item, User } from '../../../lib/api/types'
import { Dialog } from '../../../ui/dialog'
import { FormProblem } from '../../../ui/form-problem'
import { tell } from '../../../ui/toast'
import { useMay } from '../../access/queries'
import { meDetail } from '../../accounts/queries'
import { userList } from '../../users/queries'
import { useAssignItem } from '../queries'
import { assignBody, nobody, peopleFor } from './assign'

/** Gives an item to somebody, with a word for them. Who may not see the users takes it, or hands it to nobody. */
export function AssignDialog({ item, onClose }: { item: Item; onClose: () => void }) {
  const { data: me } = useSuspenseQuery(meDetail())
  const may = useMay()
  // The item changes on the screen by itself: what is meant is who had it when the question was asked.
  const [before] = useState(item.assignee)
  const [to, setTo] = useState<string>(before?.id ?? me.user.id)
  const [note, setNote] = useState('')
  const assign = useAssignItem(item)
  const problems = fieldProblems(assign.error, (pointer) =>
    pointer === '/assignee' || pointer === '/note' ? pointer : null,
  )
  const submit = (event: FormEvent) => {
    event.preventDefault()
    assign.mutate(assignBody(to, note, before), {
      onSuccess: (changed) => {
        tell(changed.assignee ? `${changed.assignee.name} has it` : 'It is nobody’s')
        onClose()
      },
    })
  }
  const peopleOf = (users: readonly User[]) => peopleFor(before, me, users)
  const fields = { value: to, error: problems.fields['/assignee'], onChange: setTo }
  return (
    <Dialog onClose={onClose} title="Assign it">
      <form onSubmit={submit}>
        <Stack>
          {may('users.read') ? (
            <AnyUser peopleOf={peopleOf} {...fields} />
          ) : (
            <People data={peopleOf([])} {...fields} />
          )}
          <Textarea
            label="What they should know"
            description="It becomes a comment."
            autosize
            minRows={2}
            maxRows={8}
            value={note}
            error={problems.fields['/note']}
            onChange={(event) => setNote(event.currentTarget.value)}
          />
          <FormProblem text={problems.rest} error={assign.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={assign.isPending}>
              Assign it
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  )
}

interface PeopleProps {
  data: { value: string; label: string }[]
  value: string
  error: string | undefined
  onChange: (user: string) => void
}

function People({ onChange, ...props }: PeopleProps) {
  return (
    <Select
      data-autofocus
      label="To whom"
      searchable={props.data.length > 2}
      allowDeselect={false}
      nothingFoundMessage="No such user"
      {...props}
      onChange={(user) => onChange(user ?? nobody)}
    />
  )
}

interface AnyUserProps extends Omit<PeopleProps, 'data'> {
  peopleOf: (users: readonly User[]) => PeopleProps['data']
}

function AnyUser({ peopleOf, ...fields }: AnyUserProps) {
  const { items } = usePagedList(userList(), { whole: true })
  return <People data={peopleOf(items ?? [])} {...fields} />
}
