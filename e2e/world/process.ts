import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

const stopMs = 5_000

/** A program of ours that was started for a test, and is stopped by its own id. */
export class Started {
  readonly #child: ChildProcess
  readonly #lines: string[] = []
  #errors = ''
  #wake: () => void = () => undefined

  constructor(program: string, args: string[], input?: string) {
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child.stdin?.end(input)
    this.#child.stderr?.on('data', (data) => {
      this.#errors += String(data)
    })
    const lines = this.#child.stdout ? createInterface(this.#child.stdout) : undefined
    lines?.on('line', (line) => {
      this.#lines.push(line)
      this.#wake()
    })
    this.#child.on('exit', () => this.#wake())
    this.#child.on('error', (error) => {
      this.#errors += String(error)
      this.#wake()
    })
  }

  /** What follows `prefix` on the first line of stdout that begins with it. */
  async printed(prefix: string): Promise<string> {
    for (;;) {
      const line = this.#lines.find((each) => each.startsWith(prefix))
      if (line !== undefined) return line.slice(prefix.length).trim()
      if (this.#isOver()) throw new Error(`it ended before it printed "${prefix}":\n${this.#errors}`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Waits for its end, which has to be a good one. */
  async succeeded(): Promise<void> {
    if (!this.#isOver()) await new Promise((resolve) => this.#child.once('close', resolve))
    if (this.#child.exitCode !== 0) throw new Error(`it ended with ${this.#child.exitCode}:\n${this.#errors}`)
  }

  async stop(): Promise<void> {
    if (this.#isOver()) return
    const closed = new Promise((resolve) => this.#child.once('close', resolve))
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), stopMs)
    await closed
    clearTimeout(timer)
  }

  #isOver(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined
  }
}
