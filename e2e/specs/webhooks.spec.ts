import { fileURLToPath } from 'node:url'
import type { Page } from '@playwright/test'
import { isGood } from '../world/good.ts'
import type { Server } from '../world/server.ts'
import { expect, goTo, taskey, test } from '../world/test.ts'

test.use({ egressAllow: '127.0.0.1' })

const refundFile = fileURLToPath(new URL('../../examples/item-types/refund.yaml', import.meta.url))

/** The page asks every ten seconds. */
const askedAgainMs = 30_000
/** The second try comes about five seconds after the first. */
const triedAgainMs = 30_000

const rows = (page: Page) => page.getByRole('list', { name: 'Deliveries' }).locator('> li')
const heading = (page: Page, name: string) => page.getByRole('heading', { name, level: 1 })

/** Makes the webhook `shop`, which tells of everything; `more`: further lines of its file. */
async function connect(server: Server, url: string, more: string[] = []) {
  await taskey(server, ['item-types', 'apply', '-f', refundFile])
  await taskey(server, ['webhooks', 'create', '-f', '-'], ['name: shop', `url: ${url}`, ...more, ''].join('\n'))
}

async function post(server: Server, order: string) {
  const fields = [`order=${order}`, 'amount=240', 'currency=EUR'].flatMap((field) => ['--field', field])
  await taskey(server, ['items', 'create', '--type', 'refund', ...fields])
}

/** What the server knows of the webhook's deliveries, the newest first. */
async function deliveries(page: Page, server: Server) {
  const answer = await page.request.get(`${server.url}/api/v1/webhooks/shop/deliveries`)
  expect(answer.ok()).toBe(true)
  return (await answer.json()).items
}

/** Looks at what the main menu calls the way to the webhooks; on a phone it opens for that, and closes again. */
async function expectWayToWebhooks(page: Page, name: string | RegExp) {
  const menu = page.getByRole('navigation', { name: 'Main' })
  const way = menu.getByRole('link', { name: /^Webhooks/ })
  if (!(await way.isVisible())) await menu.getByRole('button', { name: /^More/ }).click()
  await expect(way).toHaveAccessibleName(name)
  await page.keyboard.press('Escape')
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`a webhook with its deliveries, its dialog and its form are accessible and fit their width (${colorScheme})`, async ({
    page,
    server,
    receiver,
    complaints,
  }) => {
    // Several pages, and each is looked at in full.
    test.slow()
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await connect(server, receiver.url, [
      'body: template',
      `template: '{"text": {{ data.item.title | tojson }}}'`,
      `inbound: {type: refund, fields: {order: '{{ body.order }}', amount: '{{ body.amount }}'}}`,
    ])
    await post(server, 'A1')
    await expect.poll(() => deliveries(page, server)).toMatchObject([{ state: 'delivered' }])
    receiver.status = 410
    await post(server, 'A2')
    await expect.poll(() => deliveries(page, server)).toMatchObject([{ state: 'failed' }, { state: 'delivered' }])

    await page.goto(`${server.url}/webhooks/shop`)
    await expect(rows(page)).toHaveText([/failed/, /delivered/])
    await isGood(page)
    for (const question of await page.getByRole('button', { name: 'What was sent and answered?' }).all()) await question.click()
    await expect(page.getByRole('region', { name: 'Answer to try 1' })).toHaveText(Array(2).fill('This is what was answered.'))
    await expect(page.getByRole('region', { name: 'Body' })).toHaveText([/Refund 240 EUR for A2/, /Refund 240 EUR for A1/])
    await isGood(page)

    await page.getByRole('button', { name: 'Recover…', exact: true }).click()
    const dialog = page.getByRole('dialog', { name: 'Recover deliveries' })
    await dialog.getByRole('button', { name: 'Recover', exact: true }).click()
    await expect(dialog.getByText('Since when?')).toBeVisible()
    await isGood(page)
    await page.keyboard.press('Escape')
    await expect(dialog).toHaveCount(0)

    await page.getByRole('link', { name: 'Edit', exact: true }).click()
    await expect(heading(page, 'Edit shop')).toBeVisible()
    await expect(page.getByRole('textbox', { name: 'Template of field 2' })).toHaveValue(/body\./)
    await isGood(page)
    expect(complaints).toEqual([])
  })
}

test('a delivery that failed is sent again with its button, and the page says by itself that it arrived', async ({
  page,
  server,
  receiver,
  complaints,
}) => {
  // Its tries and what the page asks for take their time.
  test.slow()
  receiver.status = 500
  await connect(server, receiver.url)
  await post(server, 'A1')
  // After its second try a delivery rests for minutes: no try of its own comes before the button.
  const isTriedTwice = [{ state: 'waiting', attempt_count: 2 }]
  await expect.poll(() => deliveries(page, server), { timeout: triedAgainMs }).toMatchObject(isTriedTwice)
  await page.goto(`${server.url}/webhooks/shop`)
  await expect(rows(page)).toHaveText([/item\.created.*waiting.*2 tries.*The receiver answered 500/])
  const trouble = page.getByText('The receiver does not take what it is sent')
  await expect(trouble).toBeVisible()
  await page.evaluate(() => Object.assign(window, { isSamePage: true }))

  receiver.status = 200
  await rows(page).getByRole('button', { name: /^Send again: item\.created/ }).click()
  await expect(rows(page)).toHaveText([/item\.created.*delivered.*3 tries/], { timeout: askedAgainMs })
  await expect(trouble).toHaveCount(0, { timeout: askedAgainMs })
  expect(await page.evaluate(() => 'isSamePage' in window), 'nothing was loaded anew').toBe(true)
  const [{ id }] = await deliveries(page, server)
  expect(receiver.posts.map(({ headers }) => headers['webhook-id'])).toEqual([id, id, id])
  expect(complaints).toEqual([])
})

test('a webhook that is given up says so in the inbox and at the way to it, until it delivers again', async ({
  page,
  server,
  receiver,
  complaints,
}) => {
  receiver.status = 410
  await connect(server, receiver.url)
  await goTo(page, 'Inbox')
  await expect(page.getByText('Nothing waits')).toBeVisible()
  await expectWayToWebhooks(page, 'Webhooks')
  await post(server, 'A1')
  const alert = page.getByRole('alert').filter({ hasText: 'was given up' })
  await expect(alert).toContainText('shop')
  await isGood(page)
  await expectWayToWebhooks(page, /given up/)

  await alert.getByRole('link', { name: 'shop' }).click()
  await expect(heading(page, 'shop')).toBeVisible()
  await page.getByRole('button', { name: 'Let it deliver again' }).click()
  await expect(alert).toHaveCount(0)
  await goTo(page, 'Inbox')
  await expect(page.getByRole('link', { name: 'Refund 240 EUR for A1' })).toBeVisible()
  await expect(alert).toHaveCount(0)
  await expectWayToWebhooks(page, 'Webhooks')
  expect(complaints).toEqual([])
})

test('the key by which a system signs already is taken over', async ({ page, server, complaints }) => {
  await taskey(server, ['item-types', 'apply', '-f', refundFile])
  const rule = "inbound: {type: refund, fields: {order: '{{ body.order }}'}}"
  await taskey(server, ['webhooks', 'create', '-f', '-'], `name: shop\n${rule}\n`)
  await page.goto(`${server.url}/webhooks/shop`)
  await page.getByRole('button', { name: 'Change the key…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Change the key' })
  await dialog.getByRole('radio', { name: 'Use the application’s own key' }).check()
  const key = dialog.getByLabel('Key of the application')
  await isGood(page)
  await key.fill('a secret')
  await dialog.getByRole('button', { name: 'Change the key' }).click()
  await expect(key).toHaveAccessibleDescription(/it does not begin with whsec_/)
  await key.fill(`whsec_${Buffer.alloc(32, 7).toString('base64')}`)
  await dialog.getByRole('button', { name: 'Change the key' }).click()
  await expect(dialog.getByRole('status')).toHaveText(/The webhook has the application’s own key/)
  await dialog.getByRole('button', { name: 'Done' }).click()
  const keys = page.getByRole('list', { name: 'Keys' }).getByRole('listitem')
  await expect(keys).toHaveText([/Key 2.*the application’s own/, /Key 1/])
  await isGood(page)
  // Every answer that refuses leaves a line in the console.
  expect(complaints.filter((line) => !line.includes('422'))).toEqual([])
})
