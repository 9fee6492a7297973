/** What the form has no field for, and where. */
export class NotForTheForm extends Error {
  readonly pointer: string

  constructor(pointer: string, words: string) {
    super(words)
    this.pointer = pointer
  }
}

/** The fields of an object, each taken once; what is left at the end is not known. */
export class Fields {
  readonly at: string
  readonly #fields: Map<string, unknown>

  constructor(object: unknown, at: string) {
    if (typeof object !== 'object' || object === null || Array.isArray(object)) {
      throw new NotForTheForm(at, 'fields with names are expected here')
    }
    this.at = at
    this.#fields = new Map(Object.entries(object).filter(([, value]) => value !== null))
  }

  has(name: string): boolean {
    return this.#fields.has(name)
  }

  isObject(name: string): boolean {
    return typeof this.#fields.get(name) === 'object'
  }

  /** A text of one or more lines. */
  text(name: string): string {
    return textOf(this.#take(name) ?? '', `${this.at}/${name}`)
  }

  line(name: string): string {
    return lineOf(this.#take(name) ?? '', `${this.at}/${name}`)
  }

  /** A line around which spaces mean nothing: the form takes them away. */
  word(name: string): string {
    const line = this.line(name)
    if (line !== line.trim()) throw new NotForTheForm(`${this.at}/${name}`, 'it begins or ends with a space')
    return line
  }

  object(name: string): Fields {
    return new Fields(this.#take(name), `${this.at}/${name}`)
  }

  number(name: string): string {
    const number = this.#take(name)
    return number === undefined ? '' : readNumber([number, `${this.at}/${name}`])
  }

  flag(name: string): boolean {
    const flag = this.#take(name) ?? false
    if (typeof flag !== 'boolean')
      throw new NotForTheForm(`${this.at}/${name}`, 'it is neither true nor false')
    return flag
  }

  oneOf<Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    const given = this.#take(name)
    if (given === undefined) return undefined
    const word = words.find((each) => each === given)
    if (!word) throw new NotForTheForm(`${this.at}/${name}`, `it is none of ${words.join(', ')}`)
    return word
  }

  /** The items, each with its place. */
  list(name: string): [unknown, string][] {
    const items = this.#take(name) ?? []
    const at = `${this.at}/${name}`
    if (!Array.isArray(items)) throw new NotForTheForm(at, 'a list is expected here')
    return items.map((item, index) => [item, `${at}/${index}`])
  }

  end() {
    const [unknown] = this.#fields.keys()
    if (unknown !== undefined) throw new NotForTheForm(`${this.at}/${unknown}`, 'it has no such field')
  }

  #take(name: string): unknown {
    const value = this.#fields.get(name)
    this.#fields.delete(name)
    return value
  }
}

function textOf(value: unknown, at: string): string {
  if (typeof value !== 'string') throw new NotForTheForm(at, 'a text is expected here')
  // The browser's fields turn every end of a line into a line feed.
  if (value.includes('\r')) throw new NotForTheForm(at, 'it holds a carriage return')
  return value
}

export function lineOf(value: unknown, at: string): string {
  const text = textOf(value, at)
  if (text.includes('\n')) throw new NotForTheForm(at, 'it has more than one line')
  return text
}

/** What is not a number yet is kept as it was typed. */
export function readNumber([value, at]: [unknown, string]): string {
  if (typeof value === 'number') return String(value)
  const word = lineOf(value, at)
  if (/[\s,]/.test(word) || word === '') throw new NotForTheForm(at, 'a number is expected here')
  return word
}
