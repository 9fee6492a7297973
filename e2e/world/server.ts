import { randomBytes } from 'node:crypto'
import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Started } from './process.ts'

const binary = (name: string) => fileURLToPath(new URL(`../../target/debug/${name}`, import.meta.url))
const taskey = process.env.TASKEY_BIN ?? binary('taskey')
const taskeyd = process.env.TASKEYD_BIN ?? binary('taskeyd')

export const account = { organization: 'Acme', username: 'anna', password: 'correct horse' }

/** A user who is made without the browser; the password is that of `account`. */
export interface NewUser {
  username: string
  name?: string
  super?: boolean
  /** Names. */
  groups?: string[]
}

export interface StartedRun {
  id: string
  executions: { id: string; device: { name: string } }[]
}

/** What the device's owner allows in these tests: everything but root. */
const policy = `allow_actions = ["COMMAND", "SCRIPT"]
run_as = ["taskey", "nobody"]
max_concurrent = 16
signers = ["server"]
`

/** A real server with a data folder of its own, and the agents that have joined it. */
export class Server {
  readonly url: string
  readonly setupCode: string
  readonly #folder: string
  readonly #options: string[]
  #process: Started
  readonly #agents: Started[] = []

  private constructor(folder: string, process: Started, setupCode: string, url: string, options: string[] = []) {
    this.#folder = folder
    this.#options = options
    this.#process = process
    this.setupCode = setupCode
    this.url = url
  }

  /** `options`: what `taskey serve` is told besides where it listens. */
  static async start(options: string[] = []): Promise<Server> {
    const folder = await mkdtemp(join(tmpdir(), 'taskey-e2e-'))
    const data = join(folder, 'data')
    const process = new Started(taskey, ['serve', '--data', data, '--listen', '127.0.0.1:0', ...options])
    const setupCode = await process.printed('set-up code: ')
    return new Server(folder, process, setupCode, await process.printed('ready: '), options)
  }

  /** Ends the server; its agents go on. */
  async goDown(): Promise<void> {
    await this.#process.stop()
  }

  /** Starts it again where it was, on the data that it left. */
  async comeBack(): Promise<void> {
    const data = join(this.#folder, 'data')
    const listen = ['--listen', new URL(this.url).host]
    this.#process = new Started(taskey, ['serve', '--data', data, ...listen, ...this.#options])
    await this.#process.printed('ready: ')
  }

  /** A folder in which whatever runs on a device can leave something. */
  async openFolder(): Promise<string> {
    const folder = join(this.#folder, 'open')
    await mkdir(folder)
    // What runs there is nobody: neither what is made nor who comes by is kept out.
    await chmod(this.#folder, 0o755)
    await chmod(folder, 0o777)
    return folder
  }

  /** Makes the first account without the browser, and returns an API key of its. */
  async setUp(): Promise<string> {
    const body = { ...account, code: this.setupCode, key: { name: 'the-tests' } }
    const answer = await this.#post('/api/v1/setup', body)
    return answer.key.key
  }

  /** What the command line prints for whoever has the key. */
  async taskey(key: string, args: string[], input?: string): Promise<string> {
    const profiles = join(this.#folder, 'config.toml')
    const environment = { TASKEY_SERVER: this.url, TASKEY_API_KEY: key, TASKEY_CONFIG: profiles }
    return new Started(taskey, args, input, environment).output()
  }

  async enrollToken(key: string): Promise<string> {
    return (await this.#post('/api/v1/enroll-tokens', { uses: 1, ttl: '1h', labels: { role: 'web' } }, key)).token
  }

  /** Stores a task of one command. */
  async makeTask(key: string, name: string, command: string): Promise<void> {
    await this.#post('/api/v1/tasks', { name, actions: [{ type: 'COMMAND', command }] }, key)
  }

  /** Stores a task of one script. */
  async makeScriptTask(key: string, name: string, content: string): Promise<void> {
    await this.#post('/api/v1/tasks', { name, actions: [{ type: 'SCRIPT', content }] }, key)
  }

  /** Makes a schedule as it would be written in a file. */
  async makeSchedule(key: string, spec: Record<string, unknown>): Promise<void> {
    await this.#post('/api/v1/schedules', spec, key)
  }

  /** Makes a calendar of days or of an .ics file. */
  async makeCalendar(key: string, name: string, content: string): Promise<void> {
    await this.#post('/api/v1/calendars', { name, content }, key)
  }

  async setSecret(key: string, name: string, value: string): Promise<void> {
    await this.#send('PUT', `/api/v1/secrets/${name}`, { value }, key)
  }

  /** Makes a user with a password. */
  async makeUser(key: string, user: NewUser): Promise<void> {
    await this.#post('/api/v1/users', { password: account.password, ...user }, key)
  }

  async makeGroup(key: string, name: string, role: string): Promise<void> {
    await this.#post('/api/v1/groups', { name, role }, key)
  }

  async makeDeviceGroup(key: string, name: string, devices: string[]): Promise<void> {
    await this.#post('/api/v1/device-groups', { name }, key)
    for (const device of devices) await this.#send('PUT', `/api/v1/device-groups/${name}/devices/${device}`, undefined, key)
  }

  /** Gives a group another role in a device group. */
  async setOverride(key: string, group: string, deviceGroup: string, role: string): Promise<void> {
    await this.#send('PUT', `/api/v1/groups/${group}/overrides/device-groups/${deviceGroup}`, { role }, key)
  }

  /** Gives a group another role everywhere. */
  async setRole(key: string, group: string, role: string): Promise<void> {
    await this.#send('PATCH', `/api/v1/groups/${group}`, { role }, key)
  }

  /** From now on the server has an agent for other machines; what it holds is of no interest to a browser. */
  async giveAgent(): Promise<void> {
    const folder = join(this.#folder, 'data', 'agents')
    await mkdir(folder)
    await writeFile(join(folder, 'taskeyd-linux-x86_64'), 'an agent')
  }

  /** Does on a device what the dialog tells to: joins with a token and keeps the agent running. */
  async join(token: string, name: string): Promise<void> {
    const state = join(this.#folder, name)
    await mkdir(join(state, 'policy.d'), { recursive: true, mode: 0o700 })
    await writeFile(join(state, 'policy.d', '10-default.toml'), policy)
    const args = ['enroll', '--server', this.url, '--token-file', '-', '--state', state, '--name', name]
    await new Started(taskeyd, args, token).succeeded()
    this.#agents.push(new Started(taskeyd, ['run', '--state', state]))
  }

  /** Enrols devices that never come: `away-1` and so on, as many as wanted. */
  async enrollAway(key: string, count: number): Promise<string[]> {
    const { token } = await this.#post('/api/v1/enroll-tokens', { uses: count, ttl: '1h' }, key)
    const names = Array.from({ length: count }, (_, index) => `away-${index + 1}`)
    for (const name of names) {
      const [signing, sealing] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')]
      const facts = { token: token.split('.')[0], name, signing_key: signing, sealing_key: sealing, facts: {} }
      await this.#post('/agent/v1/enroll', { ...facts, agent_version: 'test', protocol: 1 })
    }
    return names
  }

  /** Starts a command on devices; the run with its first executions. */
  async startRun(key: string, devices: string[], command: string): Promise<StartedRun> {
    return this.#post('/api/v1/runs', { actions: [{ type: 'COMMAND', command }], targets: { devices } }, key)
  }

  async cancelExecution(key: string, execution: string): Promise<void> {
    await this.#post(`/api/v1/executions/${execution}/cancel`, {}, key)
  }

  /** Runs a copy of a device's state folder beside it, as a cloned disk does. */
  async runCopy(name: string): Promise<void> {
    const copy = join(this.#folder, `${name}-copy`)
    await cp(join(this.#folder, name), copy, { recursive: true })
    this.#agents.push(new Started(taskeyd, ['run', '--state', copy]))
  }

  /** A server of its own, restored from a backup of this one. */
  async restored(): Promise<Server> {
    const folder = await mkdtemp(join(tmpdir(), 'taskey-e2e-'))
    const [passphrase, backup, data] = [join(folder, 'passphrase'), join(folder, 'backup'), join(folder, 'data')]
    await writeFile(passphrase, 'correct horse battery\n', { mode: 0o600 })
    const secret = ['--passphrase-file', passphrase]
    await new Started(taskey, ['backup', backup, '--data', join(this.#folder, 'data'), ...secret]).succeeded()
    await new Started(taskey, ['restore', backup, '--data', data, ...secret]).succeeded()
    const process = new Started(taskey, ['serve', '--data', data, '--listen', '127.0.0.1:0'])
    return new Server(folder, process, '', await process.printed('ready: '))
  }

  async stop(): Promise<void> {
    await Promise.all(this.#agents.map((agent) => agent.stop()))
    await this.#process.stop()
    await rm(this.#folder, { recursive: true, force: true })
  }

  #post(path: string, body: unknown, key?: string) {
    return this.#send('POST', path, body, key)
  }

  async #send(method: 'POST' | 'PUT' | 'PATCH', path: string, body: unknown, key?: string) {
    const headers = { 'Content-Type': 'application/json', ...(key ? { Authorization: `Bearer ${key}` } : {}) }
    const answer = await fetch(this.url + path, { method, headers, body: JSON.stringify(body ?? {}) })
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`)
    return answer.status === 204 ? undefined : answer.json()
  }
}
