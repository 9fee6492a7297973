import { Button, Menu } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { Suspense, useState } from 'react'
import type { Item } from '../../../lib/api/types'
import { useCommands } from '../../../lib/commands'
import { Failed } from '../../../ui/answers'
import { CloseIcon, CopyIcon, MoreIcon, PenIcon, PersonIcon, SkipIcon, SnoozeIcon } from '../../../ui/icons'
import { tell } from '../../../ui/toast'
import { ActionButton } from '../../access/action-button'
import { meDetail } from '../../accounts/queries'
import { useMoveItem } from '../queries'
import classes from './action-row.module.css'
import { AssignDialog, CancelDialog, EditDialog, MergeDialog, SnoozeDialog } from './lazy-dialogs'
import { claimOf, useClaim } from './use-claim'
import { whatMay } from './what-may'

interface ActionRowProps {
  item: Item
  /** Of what was seen. */
  etag: string
  /** One has changed it oneself. */
  onChanged: (item: Item) => void
  /** It is out of the way: one goes on with the next. */
  onOver: () => void
}

type Open = 'assign' | 'snooze' | 'edit' | 'merge' | 'cancel' | null

/** What may be done with an item besides deciding. */
export function ActionRow({ item, etag, onChanged, onOver }: ActionRowProps) {
  const { data: me } = useSuspenseQuery(meDetail())
  const [open, setOpen] = useState<Open>(null)
  const close = () => setOpen(null)
  const may = whatMay(item)
  const mayEdit = may.editable.length > 0 || may.due
  const claim = useClaim(item, me.user.id)
  const move = useMoveItem(item)
  const error = claim.error ?? move.error
  const moves = item.sheet?.moves ?? []
  const moveTo = (state: string, label: string) =>
    move.mutate(
      { state, etag },
      {
        onSuccess: (moved) => {
          onChanged(moved)
          tell(`Moved to ${label}`)
        },
      },
    )
  useCommands([
    ...(may.decide
      ? [
          { id: 'claim', label: claimOf(item, me.user.id).label, key: 'a', run: claim.run },
          { id: 'assign', label: 'Assign it to somebody', run: () => setOpen('assign') },
          { id: 'snooze', label: 'Snooze it', key: 'h', run: () => setOpen('snooze') },
          ...moves.map(({ name, label }) => ({
            id: `move-${name}`,
            label: `Move it to ${label}`,
            run: () => moveTo(name, label),
          })),
          { id: 'merge', label: 'Mark it as a duplicate', run: () => setOpen('merge') },
        ]
      : []),
    ...(mayEdit ? [{ id: 'edit', label: 'Edit its fields', key: 'e', run: () => setOpen('edit') }] : []),
    ...(may.cancel ? [{ id: 'cancel', label: 'Take it back', run: () => setOpen('cancel') }] : []),
  ])
  if (!item.is_open) return null
  const hasMore = mayEdit || may.cancel || may.decide
  return (
    <>
      <div className={classes.row}>
        <ActionButton
          may={may.decide}
          why={{ verb: 'items.decide', item_type: item.type.id, note: item.sheet?.why_not?.detail }}
          variant="default"
          leftSection={<PersonIcon size={16} />}
          loading={claim.isPending}
          onClick={claim.run}
        >
          {claimOf(item, me.user.id).label}
        </ActionButton>
        {may.decide && (
          <Button variant="default" leftSection={<SnoozeIcon size={16} />} onClick={() => setOpen('snooze')}>
            Snooze
          </Button>
        )}
        {hasMore && (
          <Menu withInitialFocusPlaceholder={false} position="bottom-start" shadow="md" withinPortal>
            <Menu.Target>
              <Button variant="default" leftSection={<MoreIcon size={16} />} loading={move.isPending}>
                More actions
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {may.decide && (
                <>
                  {moves.map(({ name, label }) => (
                    <Menu.Item
                      key={name}
                      mih={44}
                      leftSection={<SkipIcon size={16} />}
                      onClick={() => moveTo(name, label)}
                    >
                      Move to {label}
                    </Menu.Item>
                  ))}
                  <Menu.Item
                    mih={44}
                    leftSection={<PersonIcon size={16} />}
                    onClick={() => setOpen('assign')}
                  >
                    Assign…
                  </Menu.Item>
                </>
              )}
              {mayEdit && (
                <Menu.Item mih={44} leftSection={<PenIcon size={16} />} onClick={() => setOpen('edit')}>
                  Edit its fields…
                </Menu.Item>
              )}
              {may.decide && (
                <Menu.Item mih={44} leftSection={<CopyIcon size={16} />} onClick={() => setOpen('merge')}>
                  It is a duplicate…
                </Menu.Item>
              )}
              {may.cancel && (
                <Menu.Item mih={44} leftSection={<CloseIcon size={16} />} onClick={() => setOpen('cancel')}>
                  Take it back…
                </Menu.Item>
              )}
            </Menu.Dropdown>
          </Menu>
        )}
      </div>
      {error && <Failed error={error} />}
      <Suspense>
        {open === 'assign' && <AssignDialog item={item} onClose={close} />}
        {open === 'snooze' && <SnoozeDialog item={item} onClose={close} onSnoozed={onOver} />}
        {open === 'edit' && (
          <EditDialog item={item} etag={etag} may={may} onClose={close} onChanged={onChanged} />
        )}
        {open === 'merge' && <MergeDialog item={item} onClose={close} onMerged={onOver} />}
        {open === 'cancel' && <CancelDialog item={item} onClose={close} onCancelled={onOver} />}
      </Suspense>
    </>
  )
}
