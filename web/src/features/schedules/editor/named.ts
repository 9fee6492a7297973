/** A device, a group of them or a calendar, which a schedule names by its id or by its name. */
interface Named {
  id: string
  name: string
}

/** The ids of what is named, where it is known. */
export function idsOf(words: readonly string[], known: readonly Named[]): string[] {
  return known.filter(({ id, name }) => words.includes(id) || words.includes(name)).map(({ id }) => id)
}

/** The words for what is chosen now: those that were there, and the names of the rest. What is not known stays. */
export function wordsOf(
  ids: readonly string[],
  before: readonly string[],
  known: readonly Named[],
): string[] {
  const chosen = known.filter(({ id }) => ids.includes(id))
  const kept = before.filter(
    (word) =>
      chosen.some(({ id, name }) => word === id || word === name) || unknownIn([word], known).length > 0,
  )
  const added = chosen.filter(({ id, name }) => !before.includes(id) && !before.includes(name))
  return [...kept, ...added.map(({ name }) => name)]
}

export function unknownIn(words: readonly string[], known: readonly Named[]): string[] {
  return words.filter((word) => !known.some(({ id, name }) => word === id || word === name))
}
