/** What to say of a name that is typed, where these names are known. */
export function secretHint(typed: string, names: readonly string[]): string | undefined {
  const name = typed.trim()
  if (name === '' || names.includes(name)) return undefined
  return 'There is no secret of this name yet; set it before the task runs.'
}
