import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { usePagedList } from '../../lib/api/pages'
import type { ItemType } from '../../lib/api/types'
import { writeYaml } from '../../lib/draft/yaml-text'
import { count } from '../../lib/words'
import { Failed, LoadingRows } from '../../ui/answers'
import { Confirm } from '../../ui/confirm'
import { CopyBlock } from '../../ui/copy'
import { PenIcon, SkipIcon, TrashIcon } from '../../ui/icons'
import { ButtonLink, TextLink } from '../../ui/links'
import { Moment } from '../../ui/moment'
import { Page } from '../../ui/page'
import { FactList } from '../../ui/rows'
import { Section } from '../../ui/section'
import { ActionButton, RefusedButton } from '../access/action-button'
import { useMay } from '../access/queries'
import { MoveItemsDialog } from './move-items'
import { itemTypeDetail, itemTypeVersions, useRemoveItemType } from './queries'
import classes from './type-page.module.css'
import { behindCount, initialState, resolutionsOf, stateLabel, statesOf, timeoutWords } from './type-words'

const route = getRouteApi('/in/item-types/$type')

/** One item type: what its items hold, how they may be resolved, and its versions. */
export function ItemTypePage() {
  const { type: id } = route.useParams()
  const query = useQuery(itemTypeDetail(id))
  if (query.data) return <TypeView type={query.data} />
  return (
    <Page title="Item type">
      {query.isError ? <Failed error={query.error} onRetry={() => void query.refetch()} /> : <LoadingRows />}
    </Page>
  )
}

function TypeView({ type }: { type: ItemType }) {
  const may = useMay()
  const navigate = useNavigate()
  const [open, setOpen] = useState<'move' | 'remove' | null>(null)
  const close = () => setOpen(null)
  const write = { may: may('item-types.write'), why: { verb: 'item-types.write' } }
  return (
    <Page
      title={type.name}
      before={
        <TextLink to="/item-types" size="sm">
          Item types
        </TextLink>
      }
      actions={
        write.may ? (
          <ButtonLink to="/item-types/$type/edit" params={{ type: type.id }} {...edit} />
        ) : (
          <RefusedButton why={write.why} {...edit} />
        )
      }
    >
      {type.spec.description && <Text mb="md">{type.spec.description}</Text>}
      <FactList facts={factsOf(type)} />
      <Behind type={type} write={write} onMove={() => setOpen('move')} />
      <Section title="How it is written">
        <CopyBlock text={writeYaml(type.spec)} label="This item type as YAML" />
      </Section>
      <Section title="Remove">
        <Text size="sm" c="dimmed" mb="sm">
          {type.open_count === 0
            ? 'Nobody can post items of it any more. Those that are over stay.'
            : `It can be removed when none of its items is open: ${count(type.open_count, 'is', 'are')} now.`}
        </Text>
        <ActionButton
          {...write}
          variant="default"
          leftSection={<TrashIcon size={15} />}
          onClick={() => setOpen('remove')}
        >
          Remove this item type
        </ActionButton>
      </Section>
      {open === 'move' && <MoveItemsDialog type={type} onClose={close} />}
      {open === 'remove' && (
        <RemoveItemTypeDialog
          type={type}
          onClose={close}
          onRemoved={() => void navigate({ to: '/item-types' })}
        />
      )}
    </Page>
  )
}

const edit = { variant: 'default', leftSection: <PenIcon size={15} />, children: 'Edit' }

function factsOf(type: ItemType) {
  const { spec } = type
  const list = (names: readonly string[] | undefined) => names?.join(', ') ?? ''
  const facts = [
    { name: 'Title', value: <p className={classes.text}>{spec.title}</p> },
    { name: 'Open items', value: <OpenItems type={type} /> },
    {
      name: 'Ways to resolve it',
      value: resolutionsOf(spec)
        .map(({ label, refusal }) => (refusal ? `${label} (a no)` : label))
        .join(' · '),
    },
    {
      name: 'States',
      value: statesOf(spec)
        .map((name) => stateLabel(spec, name))
        .join(' → '),
    },
    {
      name: 'Items begin in',
      value: statesOf(spec).length > 1 ? stateLabel(spec, initialState(spec)) : '',
    },
    { name: 'Due', value: spec.due_in ? `${spec.due_in} after it was posted` : '' },
    {
      name: 'When nobody decides in time',
      value: spec.due_in ? timeoutWords[spec.on_timeout ?? 'keep'] : '',
    },
    { name: 'Who sees it', value: list(spec.access?.may_see) },
    { name: 'Who decides', value: list(spec.access?.may_decide) },
    { name: 'Lists can be filtered by', value: list(spec.indexed) },
    { name: 'Its content is kept', value: spec.retention ? `${spec.retention} after it is over` : '' },
    { name: 'Only this webhook hears of it', value: spec.webhook ?? '' },
    { name: 'Version', value: <VersionLink type={type} /> },
    {
      name: 'Changed',
      value: (
        <>
          <Moment at={type.updated_at} /> by {type.updated_by}
        </>
      ),
    },
  ]
  return facts.filter(({ value }) => value !== '')
}

function OpenItems({ type: { name, open_count } }: { type: ItemType }) {
  return (
    <TextLink to="/inbox" search={{ queue: 'open', type: name }}>
      {count(open_count, 'item')}
    </TextLink>
  )
}

function VersionLink({ type }: { type: ItemType }) {
  return (
    <>
      {type.version}
      {' · '}
      <TextLink to="/item-types/$type/versions" params={{ type: type.id }}>
        what each version changed
      </TextLink>
    </>
  )
}

interface BehindProps {
  type: ItemType
  write: { may: boolean; why: { verb: string } }
  onMove: () => void
}

/** Open items of earlier versions, where there are any. */
function Behind({ type, write, onMove }: BehindProps) {
  const { items } = usePagedList(itemTypeVersions(type.id), { whole: true })
  const behind = behindCount(items ?? [], type.version)
  if (behind === 0) return null
  return (
    <Section title="Items of earlier versions">
      <Text size="sm" mb="sm">
        {count(behind, 'open item was', 'open items were')} posted with an earlier version, and{' '}
        {behind === 1 ? 'keeps it until it is' : 'keep it until they are'} moved to the newest one.
      </Text>
      <ActionButton {...write} variant="default" leftSection={<SkipIcon size={15} />} onClick={onMove}>
        Move them to version {type.version}…
      </ActionButton>
    </Section>
  )
}

interface RemoveItemTypeProps {
  type: ItemType
  onRemoved: () => void
  onClose: () => void
}

function RemoveItemTypeDialog({ type, onRemoved, onClose }: RemoveItemTypeProps) {
  const remove = useRemoveItemType(type, onRemoved)
  return (
    <Confirm
      title="Remove this item type?"
      button={`Remove ${type.name}`}
      isPending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <Text size="sm">
        No application can post “{type.name}” any more. What was decided stays, until its time is over.
      </Text>
    </Confirm>
  )
}
