import { expect, test } from 'vitest'
import { commandLine } from './command-line'

test('a plain command is written as it is typed', () => {
  expect(commandLine('uname', ['-a'])).toBe('uname -a')
})

test('words with spaces, quotes or nothing in them are quoted', () => {
  expect(commandLine('echo', ['two words', "it's", '', '$HOME'])).toBe(
    `echo 'two words' 'it'\\''s' '' '$HOME'`,
  )
})
