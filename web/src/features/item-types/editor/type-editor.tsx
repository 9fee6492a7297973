import { Button, Group, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, type ReactNode, useMemo, useRef, useState } from 'react'
import { idempotencyKey } from '../../../lib/api/client'
import type { ItemType, ItemTypeSpec } from '../../../lib/api/types'
import { readYaml } from '../../../lib/draft/yaml-text'
import { LeaveGuard } from '../../../ui/leave-guard'
import { ButtonLink, TextLink } from '../../../ui/links'
import { Page } from '../../../ui/page'
import { itemTypeFileSchema, type useSaveItemType } from '../queries'
import classes from './editor.module.css'
import { withFields } from './field-schema'
import { TypePreview } from './type-preview'
import { saveProblems } from './type-text'
import { useCheck } from './use-check'
import { YamlArea } from './yaml-area'

interface TypeEditorProps {
  title: string
  /** The type that is changed; without it a new one is made. */
  type?: ItemType
  start: string
  save: ReturnType<typeof useSaveItemType>
  saveLabel: string
  /** What is said while someone else's version is newer. */
  conflict?: ReactNode
}

/** An item type as YAML, beside how an item of it reads. */
export function TypeEditor({ title, type, start, save, saveLabel, conflict }: TypeEditorProps) {
  const navigate = useNavigate()
  const [text, setText] = useState(start)
  const [refused, setRefused] = useState<string | null>(null)
  const [ownSample, setOwnSample] = useState('')
  const isSaved = useRef(false)
  const { data: published } = useQuery(itemTypeFileSchema())
  const schema = useMemo(() => withFields(published), [published])
  const checked = useCheck(text, ownSample)
  // One key for one content: a second press makes the same type, a changed text another.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another text is another type
  const key = useMemo(idempotencyKey, [text])
  // What saving said holds until the text is changed; then the check says the same, or that it is right.
  const problems = refused === text ? saveProblems(save.error, text) : checked.problems

  const submit = (event: FormEvent) => {
    event.preventDefault()
    const read = readYaml(text)
    if ('problem' in read) return
    save.mutate(
      { spec: read.value as ItemTypeSpec, key },
      {
        onSuccess: (saved) => {
          isSaved.current = true
          void navigate({ to: '/item-types/$type', params: { type: saved.id } })
        },
        onError: () => setRefused(text),
      },
    )
  }
  return (
    <Page title={title} before={<WayBack type={type} />}>
      <form noValidate onSubmit={submit}>
        <Stack>
          {conflict}
          <div className={classes.columns}>
            <YamlArea
              label="Item type as YAML"
              text={text}
              problems={problems}
              schema={schema}
              onChange={setText}
            />
            <TypePreview checked={checked} ownSample={ownSample} onSample={setOwnSample} />
          </div>
          <Group justify="flex-end">
            {type ? (
              <ButtonLink variant="default" to="/item-types/$type" params={{ type: type.id }}>
                Cancel
              </ButtonLink>
            ) : (
              <ButtonLink variant="default" to="/item-types">
                Cancel
              </ButtonLink>
            )}
            <Button type="submit" loading={save.isPending}>
              {saveLabel}
            </Button>
          </Group>
        </Stack>
      </form>
      <LeaveGuard what="item type" isNeeded={() => !isSaved.current && text !== start} />
    </Page>
  )
}

function WayBack({ type }: { type?: ItemType }) {
  if (!type) {
    return (
      <TextLink to="/item-types" size="sm">
        Item types
      </TextLink>
    )
  }
  return (
    <TextLink to="/item-types/$type" params={{ type: type.id }} size="sm">
      {type.name}
    </TextLink>
  )
}
