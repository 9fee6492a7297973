import { expect, test } from 'vitest'
import { commandOf, matchingCommands } from './commands'

const command = (id: string, label: string, key?: string) => ({ id, label, key, run: () => undefined })
const commands = [
  command('claim', 'Claim it', 'a'),
  command('first', 'Refund €240', '1'),
  command('move', 'Move it'),
]

test('a key finds its command, with and without the shift key', () => {
  expect(commandOf(commands, 'a')?.id).toBe('claim')
  expect(commandOf(commands, 'A')?.id).toBe('claim')
  expect(commandOf(commands, '1')?.id).toBe('first')
  expect(commandOf(commands, 'z')).toBeUndefined()
})

test('typed words find the commands that hold all of them', () => {
  const found = (typed: string) => matchingCommands(commands, typed).map(({ id }) => id)
  expect(found('it')).toEqual(['claim', 'move'])
  expect(found('IT cl')).toEqual(['claim'])
  expect(found('')).toHaveLength(3)
  expect(found('delete')).toEqual([])
})
