import { Kbd, Table } from '@mantine/core'
import { useCurrentCommands } from '../lib/commands'
import { Dialog } from '../ui/dialog'
import type { Destination } from './navigation'

/** What the keyboard can do. */
export function ShortcutHelp({ shown, onClose }: { shown: readonly Destination[]; onClose: () => void }) {
  const commands = useCurrentCommands().filter(({ key }) => key !== undefined)
  return (
    <Dialog onClose={onClose} title="Keyboard shortcuts">
      <Table>
        <Table.Tbody>
          {commands.map(({ id, key, label }) => (
            <Table.Tr key={id}>
              <Table.Td>{label}</Table.Td>
              <Table.Td ta="right">
                <Kbd>{key}</Kbd>
              </Table.Td>
            </Table.Tr>
          ))}
          {shown.map(({ key, label }) => (
            <Table.Tr key={key}>
              <Table.Td>Go to {label}</Table.Td>
              <Table.Td ta="right">
                <Kbd>g</Kbd> then <Kbd>{key}</Kbd>
              </Table.Td>
            </Table.Tr>
          ))}
          <Table.Tr>
            <Table.Td>Search the output of a run, where the focus is in it</Table.Td>
            <Table.Td ta="right">
              <Kbd>/</Kbd>
            </Table.Td>
          </Table.Tr>
          <Table.Tr>
            <Table.Td>Search in all that can be done here</Table.Td>
            <Table.Td ta="right">
              <Kbd>Ctrl</Kbd> or <Kbd>⌘</Kbd> with <Kbd>k</Kbd>
            </Table.Td>
          </Table.Tr>
          <Table.Tr>
            <Table.Td>Show these shortcuts</Table.Td>
            <Table.Td ta="right">
              <Kbd>?</Kbd>
            </Table.Td>
          </Table.Tr>
          <Table.Tr>
            <Table.Td>Close a dialog</Table.Td>
            <Table.Td ta="right">
              <Kbd>Esc</Kbd>
            </Table.Td>
          </Table.Tr>
        </Table.Tbody>
      </Table>
    </Dialog>
  )
}
