import { Button, Checkbox, Group, Menu, Stack, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { fieldProblems } from '../../../lib/api/problem'
import type { ItemView } from '../../../lib/api/types'
import { Confirm } from '../../../ui/confirm'
import { Dialog } from '../../../ui/dialog'
import { FormProblem } from '../../../ui/form-problem'
import { FilterIcon, PlusIcon, TrashIcon } from '../../../ui/icons'
import { itemViews, useRemoveView, useSaveView } from '../queries'
import { type InboxSearch, searchOfView, viewOf, viewQuery } from '../search'

/** Lists that somebody gave a name: one's own, and those shared by everybody. */
export function ViewsMenu({ search }: { search: InboxSearch }) {
  const navigate = useNavigate()
  const { data } = useQuery(itemViews())
  const [open, setOpen] = useState<'save' | ItemView | null>(null)
  const views = data?.items ?? []
  const current = viewOf(views, search)
  const close = () => setOpen(null)
  return (
    <>
      <Menu withInitialFocusPlaceholder={false} position="bottom-end" width={280} shadow="md" withinPortal>
        <Menu.Target>
          <Button variant="default" leftSection={<FilterIcon size={16} />}>
            {current ? current.name : 'Views'}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {views.map((view) => (
            <Menu.Item
              key={view.id}
              onClick={() => void navigate({ to: '/inbox', search: searchOfView(view.query) })}
            >
              {view.name}
              {!view.own && (
                <Text span size="xs">
                  {' '}
                  by {view.created_by}
                </Text>
              )}
            </Menu.Item>
          ))}
          {views.length > 0 && <Menu.Divider />}
          <Menu.Item leftSection={<PlusIcon size={15} />} onClick={() => setOpen('save')}>
            Save this list as a view
          </Menu.Item>
          {current?.own && (
            <Menu.Item leftSection={<TrashIcon size={15} />} onClick={() => setOpen(current)}>
              Remove the view {current.name}
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      {open === 'save' && <SaveViewDialog search={search} onClose={close} />}
      {open && open !== 'save' && <RemoveViewDialog view={open} onClose={close} />}
    </>
  )
}

function SaveViewDialog({ search, onClose }: { search: InboxSearch; onClose: () => void }) {
  const [name, setName] = useState('')
  const [isShared, setShared] = useState(false)
  const save = useSaveView()
  const problems = fieldProblems(save.error, (pointer) => (pointer === '/name' ? 'name' : null))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate({ name: name.trim(), query: viewQuery(search), shared: isShared }, { onSuccess: onClose })
  }
  return (
    <Dialog onClose={onClose} title="Save this list as a view">
      <form onSubmit={submit}>
        <Stack>
          <TextInput
            label="Name"
            placeholder="Large refunds"
            autoComplete="off"
            data-autofocus
            required
            value={name}
            error={problems.fields.name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Checkbox
            label="Everybody in the organization sees it"
            checked={isShared}
            onChange={(event) => setShared(event.currentTarget.checked)}
          />
          <FormProblem text={problems.rest} error={save.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={save.isPending}>
              Save the view
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  )
}

function RemoveViewDialog({ view, onClose }: { view: ItemView; onClose: () => void }) {
  const remove = useRemoveView()
  return (
    <Confirm
      title="Remove this view?"
      button={`Remove ${view.name}`}
      isPending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate(view.id, { onSuccess: onClose })}
      onClose={onClose}
    >
      <Text size="sm">
        The items in it stay.{view.shared && ' Nobody in the organization sees the view any more.'}
      </Text>
    </Confirm>
  )
}
