import { fileURLToPath } from 'node:url'
import type { Locator, Page } from '@playwright/test'
import { isGood } from '../world/good.ts'
import { Started } from '../world/process.ts'
import { catchPost, type ReceiverProgram, type Receivers, sendAgain } from '../world/receivers.ts'
import type { Server } from '../world/server.ts'
import { expect, goTo, taskey, test } from '../world/test.ts'

test.use({ egressAllow: '127.0.0.1' })

const refundFile = fileURLToPath(new URL('../../examples/item-types/refund.yaml', import.meta.url))

const rows = (page: Page) => page.getByRole('list', { name: 'Items' }).getByRole('listitem')
const row = (page: Page, name: string) => page.getByRole('link', { name, exact: true })
const heading = (page: Page, name: string) => page.getByRole('heading', { name, level: 1 })
const button = (where: Page | Locator, name: string) => where.getByRole('button', { name, exact: true })
const decide = (page: Page, name: string) => page.getByRole('group', { name: 'Decide' }).getByRole('button', { name })
const queue = (page: Page, name: RegExp) =>
  page.getByRole('navigation', { name: 'Which items' }).getByRole('link', { name })

/** Applies the type that is shipped, and makes a key for an application that posts such items. */
async function openShop(server: Server): Promise<string> {
  await taskey(server, ['item-types', 'apply', '-f', refundFile])
  const scopes = ['--scope', 'items.create', '--scope', 'items.read']
  return (await taskey(server, ['keys', 'create', '--name', 'shop', ...scopes, '-o', 'name'])).trim()
}

/** Posts an item as an application does; sent again, it is the same one. */
async function post(server: Server, key: string, order: string, amount: number): Promise<{ id: string }> {
  const fields = { order, amount, currency: 'EUR' }
  const body = JSON.stringify({ type: 'refund', external_id: `refund-${order}`, fields })
  const headers = [`Authorization: Bearer ${key}`, 'Content-Type: application/json', `Idempotency-Key: refund-${order}`]
  const args = ['-sS', '--fail-with-body', ...headers.flatMap((header) => ['-H', header]), '-d', body]
  return JSON.parse(await new Started('curl', [...args, `${server.url}/api/v1/items`]).output())
}

/** A webhook, and a receiver of the examples that it tells of everything. */
async function connect(server: Server, receivers: Receivers, program: ReceiverProgram) {
  // A receiver wants its secret before it says where it listens.
  const nowhere = ['--name', program, '--url', 'http://127.0.0.1:9']
  const { secret } = JSON.parse(await taskey(server, ['webhooks', 'create', ...nowhere, '-o', 'json']))
  const receiver = await receivers.start(program, secret)
  await leadTo(server, program, receiver.url)
  return { name: program, ...receiver }
}

async function leadTo(server: Server, webhook: string, url: string) {
  await taskey(server, ['webhooks', 'edit', webhook, '-f', '-'], `url: ${url}\n`)
}

/** Asks the API as the person who is signed in. */
async function read(page: Page, server: Server, path: string) {
  const answer = await page.request.get(`${server.url}/api/v1${path}`)
  expect(answer.ok(), path).toBe(true)
  return answer.json()
}

/** What is kept of an item: itself, without who looks at it, and its log. */
async function kept(page: Page, server: Server, item: string) {
  const { sheet: _, ...whole } = await read(page, server, `/items/${item}`)
  return { item: whole, log: await read(page, server, `/items/${item}/log`) }
}

/** Opens the inbox and an item as a mail scanner does, and asks twice for all that they link to and every address that the API has for the item. */
async function letRobotLook(page: Page, server: Server, item: string): Promise<string[]> {
  const robot = await page.context().newPage()
  const { paths } = await read(page, server, '/openapi.json')
  const about = Object.keys(paths).filter((path) => path.includes('{item}'))
  const addresses = new Set(about.map((path) => server.url + path.replace('{item}', item)))
  for (const path of ['/inbox', `/inbox/${item}`]) {
    await robot.goto(server.url + path)
    await expect(robot.getByText('Refund 240 EUR').filter({ visible: true }).first()).toBeVisible()
    const links = robot.locator('[href]')
    const found = await links.evaluateAll((all) => all.map((link) => new URL(link.getAttribute('href') ?? '', document.baseURI).href))
    for (const address of found) addresses.add(address)
  }
  const asked = [...addresses].filter((address) => address.startsWith(server.url))
  for (const address of [...asked, ...asked]) {
    const status = await robot.evaluate(async (url) => {
      const answer = await fetch(url)
      // The stream of an item has no end.
      await answer.body?.cancel()
      return answer.status
    }, address)
    expect(status, address).toBeLessThan(500)
  }
  await robot.close()
  return asked
}

test('an item comes from curl, is decided by a thumb, and two receivers verify the answer', async ({ page, server, receivers, hasTouch, complaints }) => {
  // It starts a dozen programs, one after the other.
  test.slow()
  const press = (what: Locator) => (hasTouch ? what.tap() : what.click())
  const key = await openShop(server)
  const shops = [await connect(server, receivers, 'receiver.py'), await connect(server, receivers, 'receiver.mjs')]
  await goTo(page, 'Inbox')
  await expect(page.getByText('Nothing waits')).toBeVisible()
  await page.evaluate(() => Object.assign(window, { isSamePage: true }))

  const { id } = await post(server, key, 'A1', 240)
  expect((await post(server, key, 'A1', 240)).id, 'posted again').toBe(id)
  await expect(rows(page)).toHaveText([/Refund 240 EUR for A1/])
  for (const shop of shops) await shop.process.printed('refund-A1: item.created, now open')

  const before = await kept(page, server, id)
  expect(before.item).toMatchObject({ state: 'open', seq: 1, external_id: 'refund-A1' })
  const asked = await letRobotLook(page, server, id)
  expect(asked).toEqual(expect.arrayContaining([`${server.url}/inbox/${id}`, `${server.url}/api/v1/items/${id}/resolve`]))
  expect(await kept(page, server, id), 'who only looks changes nothing').toEqual(before)

  await press(row(page, 'Refund 240 EUR for A1'))
  await expect(heading(page, 'Refund 240 EUR for A1')).toBeFocused()
  await press(decide(page, 'Refund 240 EUR'))
  // Its type wants to be asked before money is sent.
  const dialog = page.getByRole('dialog')
  await expect(dialog.getByText('The money is sent at once.')).toBeVisible()
  await press(button(dialog, 'Refund 240 EUR'))
  await expect(page.getByText('Nothing waits')).toBeVisible()
  expect(await page.evaluate(() => 'isSamePage' in window), 'nothing was loaded anew').toBe(true)

  for (const { name, process, url } of shops) {
    await process.printed('refund-A1: approved')
    const deliveries = async () => (await read(page, server, `/webhooks/${name}/deliveries`)).items
    const told = [{ event: 'item.resolved', seq: 2 }, { event: 'item.created', seq: 1 }]
    const delivered = told.map((each) => expect.objectContaining({ ...each, state: 'delivered', attempt_count: 1 }))
    await expect.poll(deliveries).toEqual(delivered)

    const newest = (await deliveries())[0].id
    const genuine = await catchPost(async (elsewhere) => {
      await leadTo(server, name, elsewhere)
      await taskey(server, ['webhooks', 'resend', name, newest])
    })
    const body = Buffer.from(genuine.body.toString().replace('240', '940'))
    expect(await sendAgain({ ...genuine, body }, url), `${name} does not believe it`).toBe(401)
    expect(await sendAgain(genuine, url), `${name} believes it as it was`).toBe(204)
  }
  expect(complaints).toEqual([])
})

test('a thumb alone goes through the inbox', async ({ page, server, complaints }, { project }) => {
  test.skip(project.name !== 'phone', 'a desk has no touch')
  const key = await openShop(server)
  for (const order of ['A1', 'A2', 'A3']) await post(server, key, order, 240)
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Inbox' }).tap()
  await expect(rows(page)).toHaveText([/for A3/, /for A2/, /for A1/])

  await row(page, 'Refund 240 EUR for A2').tap()
  await decide(page, 'Decline').tap()
  await isGood(page)
  await button(page.getByRole('dialog'), 'too late').tap()
  await expect(heading(page, 'Refund 240 EUR for A1')).toBeVisible()
  await button(page, 'Claim it').tap()
  await expect(page.getByText('You have it')).toBeVisible()
  await isGood(page)
  await button(page, 'Snooze').tap()
  await button(page.getByRole('dialog'), 'Tomorrow, 9:00').tap()
  await expect(heading(page, 'Refund 240 EUR for A3')).toBeVisible()

  // What is told of the last one does not stand in the way of the next.
  await expect(page.getByRole('status').filter({ hasText: 'Snoozed: tomorrow, 9:00' })).toBeVisible()
  await page.getByRole('article').getByRole('link', { name: 'Inbox' }).tap()
  await expect(rows(page)).toHaveText([/for A3/])
  await queue(page, /^Snoozed/).tap()
  await expect(rows(page)).toHaveText([/for A1.*yours/])
  await queue(page, /^Closed/).tap()
  await expect(rows(page)).toHaveText([/for A2.*Decline/])
  await row(page, 'Refund 240 EUR for A2').tap()
  await expect(page.getByRole('alert')).toContainText(': too late')
  expect(complaints).toEqual([])
})

test('the keyboard alone goes through the inbox', async ({ page, server, complaints }, { project }) => {
  test.skip(project.name === 'phone', 'a phone has no keys')
  const key = await openShop(server)
  for (const order of ['A1', 'A2', 'A3']) await post(server, key, order, 240)
  const { keyboard } = page
  await keyboard.press('g')
  await keyboard.press('i')
  await expect(rows(page)).toHaveText([/for A3/, /for A2/, /for A1/])
  await keyboard.press('j')
  await expect(heading(page, 'Refund 240 EUR for A3')).toBeFocused()
  await keyboard.press('j')
  await expect(heading(page, 'Refund 240 EUR for A2')).toBeFocused()

  await keyboard.press('3')
  const dialog = page.getByRole('dialog', { name: 'Decline' })
  await expect(button(dialog, 'fraud')).toBeFocused()
  await keyboard.press('Tab')
  await expect(button(dialog, 'too late')).toBeFocused()
  await keyboard.press('Enter')
  await expect(heading(page, 'Refund 240 EUR for A1')).toBeFocused()

  await keyboard.press('a')
  await expect(page.getByText('You have it')).toBeVisible()
  await keyboard.press('c')
  await expect(page.getByRole('textbox', { name: 'Comment' })).toBeFocused()
  await keyboard.type('Ask the shop first')
  await keyboard.press('Control+Enter')
  await expect(page.getByRole('list', { name: 'Log' })).toContainText('Ask the shop first')
  await keyboard.press('Escape')
  await keyboard.press('h')
  await expect(button(page.getByRole('dialog'), 'In an hour')).toBeFocused()
  await keyboard.press('Tab')
  await keyboard.press('Enter')
  await expect(heading(page, 'Refund 240 EUR for A3')).toBeFocused()

  await keyboard.press('g')
  await keyboard.press('i')
  await expect(rows(page)).toHaveText([/for A3/])
  await expect(row(page, 'Refund 240 EUR for A3')).toBeFocused()
  await keyboard.press('Enter')
  await expect(heading(page, 'Refund 240 EUR for A3')).toBeFocused()
  expect(complaints).toEqual([])
})
