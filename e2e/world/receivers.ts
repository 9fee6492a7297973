import { copyFile, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Started } from './process.ts'

const examples = fileURLToPath(new URL('../../examples/receivers', import.meta.url))
const packages = fileURLToPath(new URL('../node_modules', import.meta.url))

/** What `receiver.py` asks for, with its version. */
export async function pythonPackage(): Promise<string> {
  return (await readFile(join(examples, 'requirements.txt'), 'utf8')).trim()
}

export type ReceiverProgram = 'receiver.py' | 'receiver.mjs'

export interface Receiver {
  process: Started
  /** Where it listens. */
  url: string
}

/** The receivers of the examples, each a process of its own with other people's library to verify by. */
export class Receivers {
  readonly #python: string
  readonly #folder: string
  readonly #started: Started[] = []

  private constructor(python: string, folder: string) {
    this.#python = python
    this.#folder = folder
  }

  /** `python` has the library already; that for JavaScript is one of the packages of these tests. */
  static async with(python: string): Promise<Receivers> {
    const folder = await mkdtemp(join(tmpdir(), 'taskey-e2e-'))
    // A module is looked for beside the program that imports it.
    await symlink(packages, join(folder, 'node_modules'))
    return new Receivers(python, folder)
  }

  /** Starts one as its own text says, at a port that is free. */
  async start(program: ReceiverProgram, secret: string): Promise<Receiver> {
    const file = join(this.#folder, program)
    await copyFile(join(examples, program), file)
    const runner = program === 'receiver.py' ? this.#python : process.execPath
    const environment = { TASKEY_WEBHOOK_SECRET: secret, PORT: '0', SEEN: `${file}.seen` }
    const started = new Started(runner, [file], undefined, environment)
    this.#started.push(started)
    return { process: started, url: await started.printed('ready: ') }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#started.map((receiver) => receiver.stop()))
    await rm(this.#folder, { recursive: true, force: true })
  }
}

/** What was posted: its headers, and the bytes of its body. */
export interface Post {
  headers: Record<string, string>
  body: Buffer
}

/** A receiver within the tests: it answers as a test says, and keeps what was posted to it. */
export class ScriptedReceiver {
  /** What it answers from now on. */
  status = 200
  /** The first comes first. */
  readonly posts: Post[] = []
  readonly #server = createServer(async (request, response) => {
    const body = await bodyOf(request)
    this.posts.push({ headers: ownHeaders(request), body })
    response.writeHead(this.status, { 'Content-Type': 'text/plain' }).end('This is what was answered.\n')
  })

  static async start(): Promise<ScriptedReceiver> {
    const receiver = new ScriptedReceiver()
    await listen(receiver.#server)
    return receiver
  }

  get url(): string {
    return urlOf(this.#server)
  }

  stop() {
    end(this.#server)
  }
}

/** Stands where a webhook leads to, for as long as `lead` takes, and keeps the first post that comes as it came. */
export async function catchPost(lead: (url: string) => Promise<void>): Promise<Post> {
  let caught: (post: Post) => void = () => undefined
  const post = new Promise<Post>((resolve) => {
    caught = resolve
  })
  const server = createServer(async (request, response) => {
    caught({ headers: ownHeaders(request), body: await bodyOf(request) })
    response.writeHead(204).end()
  })
  await listen(server)
  try {
    await lead(urlOf(server))
    return await post
  } finally {
    end(server)
  }
}

/** Sends a post once more; the status of the answer. */
export async function sendAgain({ headers, body }: Post, url: string): Promise<number> {
  return (await fetch(url, { method: 'POST', headers, body: new Uint8Array(body) })).status
}

/** At a port that is free. */
async function listen(server: Server) {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function end(server: Server) {
  server.close()
  server.closeAllConnections()
}

/** What a webhook says of its post; the others belong to the connection. */
function ownHeaders({ headers }: IncomingMessage): Record<string, string> {
  const own = Object.entries(headers).filter(([name]) => name === 'content-type' || name.startsWith('webhook-'))
  return Object.fromEntries(own.map(([name, value]) => [name, String(value)]))
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece)
  return Buffer.concat(pieces)
}
