export interface DiffLine {
  mark: '+' | '-' | ' '
  text: string
}

/** Stands for lines that both have and that are far from any change. */
export interface DiffGap {
  mark: '…'
  count: number
}

export function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n')
}

/**
 * Which lines came and went: the shortest difference by lines that both have in order. Time and memory grow with the
 * product of the numbers of lines between the first and the last change.
 */
export function lineDiff(before: readonly string[], after: readonly string[]): DiffLine[] {
  const start = commonStart(before, after)
  const end = commonStart(before.slice(start).reverse(), after.slice(start).reverse())
  return [
    ...before.slice(0, start).map(stayed),
    ...middleDiff(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...before.slice(before.length - end).map(stayed),
  ]
}

/** Leaves out the lines that stayed, but for a few around each change. */
export function foldedDiff(diff: readonly DiffLine[], contextCount = 3): (DiffLine | DiffGap)[] {
  const isNear = nearChanges(diff, contextCount)
  const folded: (DiffLine | DiffGap)[] = []
  diff.forEach((line, index) => {
    const last = folded.at(-1)
    // A gap of one line would take as much room as the line.
    if (isNear[index] || (isNear[index - 1] !== false && isNear[index + 1] !== false)) folded.push(line)
    else if (last?.mark === '…') folded[folded.length - 1] = { mark: '…', count: last.count + 1 }
    else folded.push({ mark: '…', count: 1 })
  })
  return folded
}

function stayed(text: string): DiffLine {
  return { mark: ' ', text }
}

function commonStart(before: readonly string[], after: readonly string[]): number {
  const length = Math.min(before.length, after.length)
  let count = 0
  while (count < length && before[count] === after[count]) count += 1
  return count
}

function middleDiff(old: string[], now: string[]): DiffLine[] {
  const common = commonLengths(old, now)
  const diff: DiffLine[] = []
  let i = 0
  let j = 0
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      diff.push(stayed(old[i++] as string))
      j++
    } else if (j === now.length || (i < old.length && common(i + 1, j) >= common(i, j + 1))) {
      diff.push({ mark: '-', text: old[i++] as string })
    } else {
      diff.push({ mark: '+', text: now[j++] as string })
    }
  }
  return diff
}

/** How many lines the rests from `i` and `j` have in common, in order. */
function commonLengths(old: string[], now: string[]): (i: number, j: number) => number {
  const width = now.length + 1
  const lengths = new Uint32Array((old.length + 1) * width)
  const at = (i: number, j: number) => lengths[i * width + j] ?? 0
  const numberOf = numbers([...old, ...now])
  const oldIds = old.map(numberOf)
  const nowIds = now.map(numberOf)
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      const isSame = oldIds[i] === nowIds[j]
      lengths[i * width + j] = isSame ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
    }
  }
  return at
}

/** Equal lines have equal numbers, which are compared faster. */
function numbers(lines: string[]): (line: string) => number {
  const known = new Map<string, number>()
  for (const line of lines) if (!known.has(line)) known.set(line, known.size)
  return (line) => known.get(line) ?? -1
}

function nearChanges(diff: readonly DiffLine[], distance: number): boolean[] {
  const isNear = new Array<boolean>(diff.length).fill(false)
  diff.forEach(({ mark }, index) => {
    if (mark !== ' ') isNear.fill(true, Math.max(0, index - distance), index + distance + 1)
  })
  return isNear
}
