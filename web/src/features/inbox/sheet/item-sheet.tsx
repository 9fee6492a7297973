import { Button, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { Suspense, useEffect, useRef, useState } from 'react'
import { ApiProblem } from '../../../lib/api/problem'
import type { Choice, Item } from '../../../lib/api/types'
import { Failed } from '../../../ui/answers'
import { Notice } from '../../../ui/notice'
import { Question } from '../../../ui/question'
import { tell } from '../../../ui/toast'
import { nextAfter } from '../item-words'
import { itemDetail, type ReadItem, useResolve } from '../queries'
import type { InboxSearch } from '../search'
import { noteAdvance, useGoToItem } from '../use-go-to-item'
import { useListAround } from '../use-place'
import { ActionRow } from './action-row'
import { type Answer, askedFor } from './choices'
import { DecisionBar } from './decision-bar'
import { DuplicatesSection } from './duplicates-section'
import { FieldsView, PreviewFields } from './fields-view'
import { ItemHead } from './item-head'
import classes from './item-sheet.module.css'
import { ResolveDialog } from './lazy-dialogs'
import { LogSection } from './log-section'
import { OverNotice } from './over-notice'
import { usePresence } from './use-presence'
import { useReady } from './use-ready'
import { useSeen } from './use-seen'
import { useSheetCommands } from './use-sheet-commands'
import { whatMay } from './what-may'

interface ItemSheetProps {
  read: ReadItem
  /** The list that it was opened from: the next one comes out of it. */
  search: InboxSearch
}

/** What an item says, what may be done with it, and all that happened to it. */
export function ItemSheet({ read, search }: ItemSheetProps) {
  const { item } = read
  const seen = useSeen(read)
  const resolve = useResolve(item)
  const goOn = useGoOn(item, search)
  const isReady = useReady()
  const [asked, setAsked] = useState<Choice | null>(null)
  const comment = useRef<HTMLTextAreaElement>(null)
  usePresence(item.id)

  const wasRefused = resolve.error instanceof ApiProblem && resolve.error.status === 412
  const decide = (choice: Choice, answer: Answer = {}) =>
    resolve.mutate(
      { resolution: choice.name, ...answer, etag: seen.etag },
      {
        onSuccess: (over) => {
          tell(`${over.resolution?.label ?? choice.label}: done`)
          goOn()
        },
        onError: (error) => {
          // Only what was filled in wrongly is put right where it was filled in.
          if (!(error instanceof ApiProblem) || error.status !== 422) setAsked(null)
        },
      },
    )
  const choose = (choice: Choice) => {
    if (!isReady || resolve.isPending || item.sheet?.why_not) return
    resolve.reset()
    if (askedFor(choice)) setAsked(choice)
    else decide(choice)
  }
  const lookAgain = () => {
    seen.look()
    resolve.reset()
  }
  useSheetCommands(item, { mayComment: whatMay(item).comment, choose, comment })
  return (
    <article className={classes.sheet} aria-labelledby="item-title">
      <div className={classes.body}>
        <ItemHead item={item} search={search} />
        <div className={classes.notices}>
          {(seen.hasChanged || wasRefused) && <ChangedNotice onLook={lookAgain} />}
          {resolve.error && !wasRefused && !asked && (
            <Failed error={resolve.error} title={problemTitle(resolve.error)} />
          )}
          <OverNotice item={item} />
        </div>
        <Content item={item} />
        <ActionRow item={item} etag={seen.etag} onChanged={seen.changedByMe} onOver={goOn} />
        <DuplicatesSection item={item} search={search} />
        <LogSection item={item} comment={comment} />
      </div>
      <DecisionBar
        item={item}
        isReady={isReady}
        pending={resolve.isPending ? resolve.variables.resolution : null}
        onChoose={choose}
      />
      <Suspense>
        {asked && (
          <ResolveDialog
            choice={asked}
            isPending={resolve.isPending}
            error={resolve.error}
            onDecide={(answer) => decide(asked, answer)}
            onClose={() => setAsked(null)}
          />
        )}
      </Suspense>
    </article>
  )
}

function Content({ item }: { item: Item }) {
  if (item.erased_at) {
    return (
      <Text c="dimmed" mb="md">
        Its content was removed after its time. What happened to it is kept, without what it said.
      </Text>
    )
  }
  const text = item.sheet?.text
  if (!text) return <FieldsView item={item} />
  return (
    <>
      <div className={classes.text}>
        {text.split(/\n{2,}/).map((paragraph, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a paragraph is known by its place
          <p key={place}>{paragraph}</p>
        ))}
      </div>
      <PreviewFields item={item} />
      <Question words="All its fields">
        <FieldsView item={item} />
      </Question>
    </>
  )
}

function ChangedNotice({ onLook }: { onLook: () => void }) {
  return (
    <Notice role="alert" title="Changed meanwhile – look again">
      <Text size="sm">What you see here is newer than what you opened. Nothing was decided.</Text>
      <Button size="xs" variant="default" mt="xs" onClick={onLook}>
        I have looked again
      </Button>
    </Notice>
  )
}

function problemTitle(error: unknown): string | undefined {
  return error instanceof ApiProblem && error.code === 'item_over' ? 'It is over already' : undefined
}

/** Goes on with the next item of the list, which is read ahead. */
function useGoOn(item: Item, search: InboxSearch) {
  const queryClient = useQueryClient()
  const goToItem = useGoToItem()
  const { items, place } = useListAround(search, item.id)
  const next = nextAfter(items ?? [], item.id, place)
  useEffect(() => {
    if (next) void queryClient.query({ ...itemDetail(next), staleTime: 30_000 }).catch(() => undefined)
  }, [queryClient, next])
  return () => {
    noteAdvance()
    goToItem(next)
  }
}
