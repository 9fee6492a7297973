import { Button, Group, List, Select, Stack, Text } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { usePagedList } from '../../lib/api/pages'
import type { ItemType, MovedItems } from '../../lib/api/types'
import { count } from '../../lib/words'
import { Failed } from '../../ui/answers'
import { Dialog } from '../../ui/dialog'
import { TextLink } from '../../ui/links'
import { Notice } from '../../ui/notice'
import { CodeText } from '../../ui/text'
import { itemTypeVersions, useMoveItems } from './queries'
import { lostStates, stateLabel, statesOf } from './type-words'

/** Moves open items of earlier versions to the newest one: first it says what would become of them. */
export function MoveItemsDialog({ type, onClose }: { type: ItemType; onClose: () => void }) {
  const { items: versions } = usePagedList(itemTypeVersions(type.id), { whole: true })
  const [states, setStates] = useState<Readonly<Record<string, string>>>({})
  const look = useMoveItems(type)
  const move = useMoveItems(type)
  const told = look.data
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (told) move.mutate({ states, dry_run: false })
    else look.mutate({ states, dry_run: true })
  }
  if (move.data) {
    return (
      <Dialog key="told" onClose={onClose} title="Moved">
        <Stack>
          <Outcome moved={move.data} />
          <Group justify="flex-end">
            <Button data-autofocus onClick={onClose}>
              Done
            </Button>
          </Group>
        </Stack>
      </Dialog>
    )
  }
  return (
    <Dialog onClose={onClose} title={`Move items to version ${type.version}`}>
      <form onSubmit={submit}>
        <Stack>
          <Text size="sm">
            Open items get the newest fields, states and ways to resolve them. One that does not fit stays as
            it is.
          </Text>
          {lostStates(versions ?? [], type.spec).map((state) => (
            <Select
              key={state}
              label={`What is “${state}” becomes`}
              description="The newest version has no such state."
              placeholder="Leave those as they are"
              clearable
              clearButtonProps={{ 'aria-label': `Leave what is ${state} as it is` }}
              data={statesOf(type.spec).map((name) => ({ value: name, label: stateLabel(type.spec, name) }))}
              value={states[state] ?? null}
              onChange={(chosen) => {
                look.reset()
                setStates(withState(states, state, chosen))
              }}
            />
          ))}
          {told && <Outcome moved={told} />}
          {(look.error || move.error) && <Failed error={look.error ?? move.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button
              type="submit"
              loading={look.isPending || move.isPending}
              disabled={told !== undefined && told.moved_count === 0}
            >
              {told ? `Move ${count(told.moved_count, 'item')}` : 'See what would happen'}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  )
}

/** What became of them, or would become. */
function Outcome({ moved }: { moved: MovedItems }) {
  return (
    <>
      <Text size="sm" role="status" fw={600}>
        {count(moved.moved_count, 'item')}{' '}
        {moved.dry_run ? 'would be moved' : moved.moved_count === 1 ? 'was moved' : 'were moved'},{' '}
        {count(moved.left_count, 'stays', 'stay')} as {moved.left_count === 1 ? 'it is' : 'they are'}.
      </Text>
      {moved.left.length > 0 && (
        <Notice title="These do not fit">
          <List size="sm">
            {moved.left.map(({ id, title, version, errors }) => (
              <List.Item key={id}>
                <TextLink
                  underline="always"
                  to="/inbox/$item"
                  params={{ item: id }}
                  search={{ queue: 'open' }}
                >
                  {title}
                </TextLink>{' '}
                (version {version}):{' '}
                <CodeText>
                  {errors.map(({ pointer, detail }) => `${pointer} ${detail}`.trim()).join('; ')}
                </CodeText>
              </List.Item>
            ))}
          </List>
          {moved.left_count > moved.left.length && (
            <Text size="sm">And {count(moved.left_count - moved.left.length, 'more', 'more')}.</Text>
          )}
        </Notice>
      )}
    </>
  )
}

function withState(states: Readonly<Record<string, string>>, from: string, to: string | null) {
  const others = Object.entries(states).filter(([state]) => state !== from)
  return Object.fromEntries(to ? [...others, [from, to]] : others)
}
