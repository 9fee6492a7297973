/** The line and the column of a place in a text, both from 0. */
export function placeIn(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at).split('\n')
  return { line: before.length - 1, column: before.at(-1)?.length ?? 0 }
}

/** What the Enter key writes: the next line begins below this one, or further in where this one opens something. */
export function typedEnter(text: string, at: number): string {
  const line = text.slice(0, at).split('\n').at(-1) ?? ''
  const indent = /^ */.exec(line)?.[0] ?? ''
  const opens = /:\s*([|>][+-]?)?$/.test(line) && line.trim() !== ''
  return `\n${indent}${opens ? '  ' : ''}`
}
