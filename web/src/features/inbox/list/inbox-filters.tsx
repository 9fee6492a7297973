import { Button, CloseButton, Select, TextInput } from '@mantine/core'
import { useNavigate, useParams } from '@tanstack/react-router'
import { type FormEvent, useEffect, useState } from 'react'
import { usePagedList } from '../../../lib/api/pages'
import { useMay } from '../../access/queries'
import { itemTypeList } from '../../item-types/queries'
import { type InboxSearch, orders, parseInboxSearch, type searchProblems } from '../search'
import classes from './inbox-filters.module.css'
import { SearchField } from './search-field'

const orderWords = { newest: 'Newest first', oldest: 'Oldest first', due: 'Due first' }
const orderChoices = orders.map((order) => ({ value: order, label: orderWords[order] }))

interface InboxFiltersProps {
  search: InboxSearch
  /** What the server found wrong with it. */
  problems: ReturnType<typeof searchProblems>
}

/** Narrows the list down; what is looked for stands in the address. */
export function InboxFilters({ search, problems }: InboxFiltersProps) {
  const navigate = useNavigate()
  const { item: openId } = useParams({ strict: false })
  const may = useMay()
  const change = (changed: Record<string, unknown>) =>
    void navigate({ to: '/inbox', search: parseInboxSearch({ ...search, ...changed }), replace: true })
  // Whoever types goes on typing, and the item that is open stays so.
  const searchFor = (q: string) =>
    void navigate({
      to: '.',
      search: (before) => parseInboxSearch({ ...before, q }),
      replace: true,
      resetScroll: false,
    })
  return (
    <div className={classes.filters}>
      <SearchField q={search.q} problem={problems.q} isItemOpen={openId !== undefined} onSearch={searchFor} />
      {may('item-types.read') && (
        <TypeFilter
          type={search.type}
          onChange={(type) => change({ type, state: undefined, where: undefined })}
        />
      )}
      <Select
        aria-label="Order"
        data={orderChoices}
        allowDeselect={false}
        value={search.order ?? 'newest'}
        onChange={(order) => change({ order })}
      />
      {search.type && (
        <FieldFilter where={search.where} problem={problems.where} onChange={(where) => change({ where })} />
      )}
      <Others search={search} onChange={change} />
    </div>
  )
}

interface TypeFilterProps {
  type: string | undefined
  onChange: (type: string | null) => void
}

function TypeFilter({ type, onChange }: TypeFilterProps) {
  const { items } = usePagedList(itemTypeList(), { whole: true })
  const names = (items ?? []).map(({ name }) => name)
  return (
    <Select
      aria-label="Show items of the type"
      placeholder="Any type"
      searchable
      clearable
      clearButtonProps={{ 'aria-label': 'Show items of any type' }}
      nothingFoundMessage="No such type"
      data={type && !names.includes(type) ? [type, ...names] : names}
      value={type ?? null}
      onChange={onChange}
    />
  )
}

interface FieldFilterProps {
  where: string | undefined
  problem: string | undefined
  onChange: (where: string) => void
}

/** A test of fields, as the API and the command line take it. */
function FieldFilter({ where, problem, onChange }: FieldFilterProps) {
  const [typed, setTyped] = useState(where ?? '')
  useEffect(() => setTyped(where ?? ''), [where])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onChange(typed)
  }
  return (
    <form onSubmit={submit} className={classes.fields}>
      <TextInput
        aria-label="Only with these fields"
        placeholder="amount>100 and country=DE"
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        value={typed}
        error={problem}
        onChange={(event) => setTyped(event.currentTarget.value)}
        rightSection={
          where && (
            <CloseButton size="sm" aria-label="Show items with any fields" onClick={() => onChange('')} />
          )
        }
      />
    </form>
  )
}

interface OthersProps {
  search: InboxSearch
  onChange: (changed: Record<string, unknown>) => void
}

const otherWords = { state: 'In the state', assignee: 'Assigned to', external_id: 'Called' } as const

function filterWords(name: keyof typeof otherWords, word: string): string {
  return name === 'state' && word === 'all' ? 'Open and closed' : `${otherWords[name]} ${word}`
}

/** What a saved view or a link narrows down besides, to be taken away. */
function Others({ search, onChange }: OthersProps) {
  return (['state', 'assignee', 'external_id'] as const).map((name) => {
    const word = search[name]
    return (
      word && (
        <Button
          key={name}
          variant="default"
          size="sm"
          flex="none"
          aria-label={`${filterWords(name, word)}: take the filter away`}
          rightSection={<span aria-hidden="true">×</span>}
          onClick={() => onChange({ [name]: undefined })}
        >
          {filterWords(name, word)}
        </Button>
      )
    )
  })
}
