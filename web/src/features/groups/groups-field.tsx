import { MultiSelect } from '@mantine/core'
import { usePagedList } from '../../lib/api/pages'
import { roleName } from '../access/roles'
import { groupList } from './queries'

interface GroupsFieldProps {
  /** Ids. */
  value?: string[]
  error?: React.ReactNode
  onChange?: (ids: string[]) => void
}

/** Chooses groups of users; the super users have a switch of their own. */
export function GroupsField(props: GroupsFieldProps) {
  const { query, items } = usePagedList(groupList(), { whole: true })
  const groups = (items ?? []).filter((group) => !group.super)
  return (
    <MultiSelect
      label="Groups"
      description="What they may do; of several groups the most permissive counts."
      placeholder={query.isPending ? 'Loading…' : undefined}
      searchable
      nothingFoundMessage={groups.length > 0 ? 'No such group' : 'There are no groups yet'}
      data={groups.map(({ id, name, role }) => ({ value: id, label: `${name} (${roleName(role)})` }))}
      comboboxProps={{ withinPortal: true }}
      {...props}
      error={props.error ?? (query.isError ? 'The groups could not be loaded' : undefined)}
    />
  )
}
