import { type Browser, test as base, expect, type Page } from '@playwright/test'
import { pythonWith } from './python.ts'
import { pythonPackage, Receivers, ScriptedReceiver } from './receivers.ts'
import { account, type NewUser, Server, type StartedRun } from './server.ts'

interface Fixtures {
  /** What the server may call besides public addresses. */
  egressAllow: string | undefined
  /** A server that nobody has set up. */
  newServer: Server
  /** A server with an account, and the browser signed in to it. */
  server: Server
  /** A server that was restored from a backup, and the browser signed in to it. */
  restoredServer: Server
  /** A server with an account and the device web-1 online. */
  serverWithDevice: Server
  /** The same, with the devices web-1, web-2 and web-3 online. */
  serverWithDevices: Server
  /** The receivers of the examples, none of them started yet. */
  receivers: Receivers
  /** A receiver that answers as the test says. */
  receiver: ScriptedReceiver
  /** What the browser complained about: errors on the console, and the policy that the page broke. */
  complaints: string[]
}

interface WorkerFixtures {
  /** The Python that has what the examples in it need. */
  python: string
}

/** Packages come from far away, once for each checkout. */
const installMs = 180_000

const keyOf = new WeakMap<Server, string>()

export const test = base.extend<Fixtures, WorkerFixtures>({
  egressAllow: [undefined, { option: true }],

  newServer: async ({ egressAllow }, use) => {
    const server = await Server.start(egressAllow ? ['--egress-allow', egressAllow] : [])
    await use(server)
    await server.stop()
  },

  server: async ({ newServer, page }, use) => {
    keyOf.set(newServer, await newServer.setUp())
    await signIn(page, newServer)
    await use(newServer)
  },

  restoredServer: async ({ server, page }, use) => {
    const restored = await server.restored()
    await signIn(page, restored)
    await use(restored)
    await restored.stop()
  },

  serverWithDevice: async ({ server, page }, use) => {
    await join(page, server, 'web-1')
    await use(server)
  },

  serverWithDevices: async ({ server, page }, use) => {
    for (const name of ['web-1', 'web-2', 'web-3']) await join(page, server, name)
    await use(server)
  },

  python: [
    async ({ browserName: _ }, use) => use(await pythonWith(await pythonPackage())),
    { scope: 'worker', timeout: installMs },
  ],

  receivers: async ({ python }, use) => {
    const receivers = await Receivers.with(python)
    await use(receivers)
    await receivers.stop()
  },

  receiver: async ({ browserName: _ }, use) => {
    const receiver = await ScriptedReceiver.start()
    await use(receiver)
    receiver.stop()
  },

  complaints: [
    async ({ page }, use) => {
      const complaints: string[] = []
      page.on('console', (message) => {
        const isAskingWhoIsThere = message.location().url.endsWith('/api/v1/me')
        if (message.type() === 'error' && !isAskingWhoIsThere) complaints.push(message.text())
      })
      page.on('pageerror', (error) => complaints.push(String(error)))
      await use(complaints)
    },
    { auto: true },
  ],
})

export { expect }

export async function signIn(page: Page, server: Server, username = account.username) {
  await page.goto(`${server.url}/login`)
  await page.getByLabel('User name').fill(username)
  await page.getByRole('textbox', { name: 'Password' }).fill(account.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('heading', { name: 'Devices', level: 1 })).toBeVisible()
}

/** Goes to a page by the main menu; on a phone some of it opens first. */
export async function goTo(page: Page, name: string) {
  const menu = page.getByRole('navigation', { name: 'Main' })
  const link = menu.getByRole('link', { name, exact: true })
  if (!(await link.isVisible())) await menu.getByRole('button', { name: 'More' }).click()
  await link.click()
}

/** The names of the places in the main menu, also those that a phone shows only when asked. */
export async function menuOf(page: Page): Promise<string[]> {
  const menu = page.getByRole('navigation', { name: 'Main' })
  await expect(menu).toBeVisible()
  const more = menu.getByRole('button', { name: 'More' })
  if (await more.isVisible()) await more.click()
  return menu.getByRole('link').allInnerTexts()
}

/** A page of a browser in which somebody else is signed in. */
export async function pageOf(browser: Browser, page: Page, server: Server, username: string): Promise<Page> {
  const context = await browser.newContext({ viewport: page.viewportSize() })
  const other = await context.newPage()
  await signIn(other, server, username)
  return other
}

/** What the command line prints for the first user. */
export async function taskey(server: Server, args: string[], input?: string): Promise<string> {
  return server.taskey(keyOf.get(server) ?? '', args, input)
}

/** Makes a user without the browser. */
export async function makeUser(server: Server, user: NewUser) {
  await server.makeUser(keyOf.get(server) ?? '', user)
}

/** Makes a group with a role, and with others in device groups, without the browser. */
export async function makeGroup(server: Server, name: string, role: string, overrides: Record<string, string> = {}) {
  const key = keyOf.get(server) ?? ''
  await server.makeGroup(key, name, role)
  for (const [group, other] of Object.entries(overrides)) await server.setOverride(key, name, group, other)
}

/** Gives a group another role without the browser. */
export async function setRole(server: Server, group: string, role: string) {
  await server.setRole(keyOf.get(server) ?? '', group, role)
}

/** Makes a device group of some devices without the browser. */
export async function makeDeviceGroup(server: Server, name: string, devices: string[]) {
  await server.makeDeviceGroup(keyOf.get(server) ?? '', name, devices)
}

/** Stores a task of one command without the browser. */
export async function makeTask(server: Server, name: string, command: string) {
  await server.makeTask(keyOf.get(server) ?? '', name, command)
}

/** Stores a task of one script without the browser. */
export async function makeScriptTask(server: Server, name: string, content: string) {
  await server.makeScriptTask(keyOf.get(server) ?? '', name, content)
}

/** Enrols devices that never come, without the browser; their names. */
export async function enrollAway(server: Server, count: number): Promise<string[]> {
  return server.enrollAway(keyOf.get(server) ?? '', count)
}

/** Starts a command on devices without the browser. */
export async function startRun(server: Server, devices: string[], command = 'true'): Promise<StartedRun> {
  return server.startRun(keyOf.get(server) ?? '', devices, command)
}

/** Cancels one execution without the browser. */
export async function cancelExecution(server: Server, execution: string) {
  await server.cancelExecution(keyOf.get(server) ?? '', execution)
}

/** Makes a schedule without the browser, as it would be written in a file. */
export async function makeSchedule(server: Server, spec: Record<string, unknown>) {
  await server.makeSchedule(keyOf.get(server) ?? '', spec)
}

/** Makes a calendar without the browser, of days or of an .ics file. */
export async function makeCalendar(server: Server, name: string, content: string) {
  await server.makeCalendar(keyOf.get(server) ?? '', name, content)
}

/** Sets a secret without the browser. */
export async function setSecret(server: Server, name: string, value: string) {
  await server.setSecret(keyOf.get(server) ?? '', name, value)
}

/** Starts a script on all devices, from the list of devices; ends on the run's page. */
export async function runScriptOnAll(page: Page, script: string) {
  await page.getByRole('button', { name: 'Run a command' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Choose all' }).click()
  await dialog.getByText('Script', { exact: true }).click()
  await dialog.getByLabel('Script', { exact: true }).last().fill(script)
  await dialog.getByRole('button', { name: /^Run on \d+ devices$/ }).click()
  await expect(page).toHaveURL(/\/runs\/run_/)
}

/** Opens web-1 and starts a script there; ends on the run's page. */
export async function runScript(page: Page, script: string, asUser?: string) {
  await page.getByRole('link', { name: 'web-1' }).click()
  // The page that is left has a button of that name too.
  await expect(page.getByRole('heading', { name: 'web-1', level: 1 })).toBeFocused()
  await page.getByRole('button', { name: 'Run a command' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('Script', { exact: true }).click()
  await dialog.getByLabel('Script', { exact: true }).last().fill(script)
  if (asUser) await dialog.getByLabel('As user').fill(asUser)
  await dialog.getByRole('button', { name: 'Run on 1 device' }).click()
  await expect(page).toHaveURL(/\/runs\/run_/)
}

async function join(page: Page, server: Server, name: string) {
  await server.join(await server.enrollToken(keyOf.get(server) ?? ''), name)
  await expect(page.getByRole('listitem').filter({ hasText: name }).first()).toContainText('online for')
}
