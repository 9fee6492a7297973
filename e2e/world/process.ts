import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

const stopMs = 5_000

/** A program of ours that was started for a test, and is stopped by its own id. */
export class Started {
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown>
  readonly #lines: string[] = []
  #errors = ''
  #wake: () => void = () => undefined

  constructor(program: string, args: string[], input?: string, environment: Record<string, string> = {}) {
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...environment } })
    this.#closed = new Promise((resolve) => this.#child.once('close', resolve))
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
    await this.#closed
    if (this.#child.exitCode !== 0) throw new Error(`it ended with ${this.#child.exitCode}:\n${this.#errors}`)
  }

  /** All that it printed to stdout until its end, which has to be a good one. */
  async output(): Promise<string> {
    await this.succeeded()
    return this.#lines.join('\n')
  }

  async stop(): Promise<void> {
    if (this.#isOver()) return
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), stopMs)
    await this.#closed
    clearTimeout(timer)
  }

  #isOver(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined
  }
}
