import { Button, Group, Stack, Text, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { fieldProblems } from '../../../lib/api/problem'
import type { Item } from '../../../lib/api/types'
import { Dialog } from '../../../ui/dialog'
import { FormProblem } from '../../../ui/form-problem'
import { tell } from '../../../ui/toast'
import { itemIdIn } from '../item-words'
import { useMergeItem } from '../queries'

interface MergeDialogProps {
  item: Item
  onMerged: () => void
  onClose: () => void
}

/** Says that an item is about the same as another one, which stays. */
export function MergeDialog({ item, onMerged, onClose }: MergeDialogProps) {
  const [typed, setTyped] = useState('')
  const [isWrong, setWrong] = useState(false)
  const merge = useMergeItem(item)
  const problems = fieldProblems(merge.error, (pointer) => (pointer === '/into' ? 'into' : null))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const into = itemIdIn(typed)
    setWrong(!into || into === item.id)
    if (!into || into === item.id) return
    merge.mutate(into, {
      onSuccess: () => {
        tell('Marked as a duplicate')
        onClose()
        onMerged()
      },
    })
  }
  return (
    <Dialog onClose={onClose} title="It is a duplicate">
      <form onSubmit={submit}>
        <Stack>
          <Text size="sm">This item is over then, and leads to the other one, which stays open.</Text>
          <TextInput
            label="The one that stays"
            description="Its id, or the address of its page."
            placeholder="itm_…"
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            data-autofocus
            value={typed}
            error={isWrong ? 'The id of another item is needed: it begins with itm_.' : problems.fields.into}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
          <FormProblem text={problems.rest} error={merge.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={merge.isPending}>
              Mark as a duplicate
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  )
}
