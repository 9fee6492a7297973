const plain = /^[A-Za-z0-9_@%+=:,./-]+$/

/** A program and its arguments as one would type them into a shell. */
export function commandLine(command: string, args: readonly string[] = []): string {
  return [command, ...args].map(quoted).join(' ')
}

function quoted(word: string): string {
  return plain.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
