import { ActionIcon, Checkbox, Group, Menu, SegmentedControl, Tooltip } from '@mantine/core'
import type { ReactNode } from 'react'
import type { OutputStream } from '../../../lib/api/types'
import { download } from '../../../lib/download'
import { CopyButton } from '../../../ui/copy'
import { DownloadIcon } from '../../../ui/icons'
import type { OutputLine, OutputLines } from './lines'
import classes from './viewer.module.css'

export type ShownStreams = 'both' | OutputStream

interface OutputToolbarProps {
  lines: OutputLines
  shows: (row: OutputLine) => boolean
  name: string
  /** The field for searching. */
  search: ReactNode
  shown: ShownStreams
  onShown: (shown: ShownStreams) => void
  wraps: boolean
  onWraps: (wraps: boolean) => void
  follows: boolean
  onFollows: (follows: boolean) => void
}

/** What is shown, how, and the ways to take it along. */
export function OutputToolbar(props: OutputToolbarProps) {
  const { lines, shows, name, search, shown, onShown, wraps, onWraps, follows, onFollows } = props
  return (
    <div className={classes.toolbar}>
      <SegmentedControl
        size="xs"
        aria-label="Which output"
        value={shown}
        onChange={(value) => onShown(value as ShownStreams)}
        data={[
          { value: 'both', label: 'All' },
          { value: 'output', label: 'stdout' },
          { value: 'error', label: 'stderr' },
        ]}
      />
      {search}
      <Group gap="md">
        <Checkbox
          size="xs"
          label="Follow"
          checked={follows}
          onChange={(event) => onFollows(event.currentTarget.checked)}
        />
        <Checkbox
          size="xs"
          label="Wrap"
          checked={wraps}
          onChange={(event) => onWraps(event.currentTarget.checked)}
        />
        <Group gap={2}>
          <CopyButton text={() => lines.toText(shows)} label="Copy the output" />
          <DownloadMenu lines={lines} name={name} />
        </Group>
      </Group>
    </div>
  )
}

function DownloadMenu({ lines, name }: { lines: OutputLines; name: string }) {
  return (
    <Menu position="bottom-end" shadow="md">
      <Menu.Target>
        <Tooltip label="Download the output">
          <ActionIcon variant="subtle" color="gray" size="md" aria-label="Download the output">
            <DownloadIcon size={16} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => download([lines.toText()], `${name}.txt`)}>Both, as text</Menu.Item>
        <Menu.Item onClick={() => download(lines.bytesOf('output'), `${name}.stdout`)}>
          stdout, byte for byte
        </Menu.Item>
        <Menu.Item onClick={() => download(lines.bytesOf('error'), `${name}.stderr`)}>
          stderr, byte for byte
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
