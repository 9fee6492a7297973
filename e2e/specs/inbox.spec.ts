import type { Page } from '@playwright/test'
import { isGood } from '../world/good.ts'
import { account } from '../world/server.ts'
import { expect, goTo, makeGroup, makeUser, menuOf, taskey, test } from '../world/test.ts'

const rows = (page: Page) => page.getByRole('list', { name: 'Items' }).getByRole('listitem')
const decide = (page: Page, name: string) =>
  page.getByRole('group', { name: 'Decide' }).getByRole('button', { name })
const heading = (page: Page, name: string) => page.getByRole('heading', { name, level: 1 })

const refund = {
  name: 'refund',
  title: 'Refund {{ amount }} for {{ order }}',
  text: 'A customer wants {{ amount }} back.\n\nThe order is {{ order }}.',
  fields: {
    type: 'object',
    required: ['order', 'amount'],
    properties: {
      order: { type: 'string', title: 'Order' },
      amount: { type: 'number', title: 'Amount' },
      page__preview: { type: 'string', title: 'Page' },
    },
  },
  resolutions: {
    approve: { label: 'Refund {{ amount }}' },
    refuse: { label: 'Refuse', refusal: true, reasons: ['Too late', 'Not ours'], reason_required: true },
  },
}

/** Sends something as the person who is signed in. */
async function send(page: Page, path: string, body: unknown) {
  const status = await page.evaluate(
    async ([to, sent]) => {
      const headers = { 'Content-Type': 'application/json' }
      return (await fetch(to, { method: 'POST', headers, body: sent })).status
    },
    [path, JSON.stringify(body)] as const,
  )
  expect(status, path).toBe(201)
}

const post = (page: Page, order: string, amount: number, more: Record<string, unknown> = {}) =>
  send(page, '/api/v1/items', { type: 'refund', fields: { order, amount, ...more } })

test('an item appears by itself, one tap resolves it, and the next one comes', async ({ page, server: _, complaints }) => {
  await goTo(page, 'Inbox')
  await expect(page.getByText('Nothing waits')).toBeVisible()
  await isGood(page)
  await send(page, '/api/v1/item-types', refund)
  await post(page, 'A1', 10)
  await post(page, 'A2', 20)
  await expect(rows(page)).toHaveText([/Refund 20 for A2/, /Refund 10 for A1/])
  await isGood(page)

  await page.getByRole('link', { name: 'Refund 20 for A2' }).click()
  await expect(heading(page, 'Refund 20 for A2')).toBeFocused()
  await expect(page.getByText('A customer wants 20 back.')).toBeVisible()
  await isGood(page)
  await decide(page, 'Refund 20').click()
  await expect(heading(page, 'Refund 10 for A1')).toBeFocused()
  await expect(page.getByRole('status').filter({ hasText: 'Refund 20: done' })).toBeVisible()

  await decide(page, 'Refuse').click()
  await page.getByRole('dialog').getByRole('button', { name: 'Not ours' }).click()
  await expect(page.getByText('Nothing waits')).toBeVisible()
  await expect(page.getByText(/Last item resolved/)).toBeVisible()
  expect(complaints).toEqual([])
})

test('of two who decide over the same item one wins, and the other is told who', async ({ page, server: _, context }) => {
  await send(page, '/api/v1/item-types', refund)
  await post(page, 'A1', 10)
  await goTo(page, 'Inbox')
  await page.getByRole('link', { name: 'Refund 10 for A1' }).click()
  await expect(decide(page, 'Refund 10')).toBeVisible()
  const other = await context.newPage()
  await other.goto(page.url())
  await expect(decide(other, 'Refund 10')).toBeVisible()
  await decide(other, 'Refund 10').click()
  await expect(other.getByText('Nothing waits')).toBeVisible()
  await expect(page.getByText(/: Refund 10$/)).toBeVisible()
  await expect(page.getByRole('group', { name: 'Decide' })).toHaveCount(0)
})

test('a list of things in an item is a table, on a phone too', async ({ page, server: _, complaints }) => {
  await goTo(page, 'Inbox')
  const lines = { type: 'array', title: 'Lines', items: { properties: { article: {}, price: {} } } }
  const fields = { ...refund.fields, properties: { ...refund.fields.properties, lines } }
  await send(page, '/api/v1/item-types', { ...refund, text: undefined, fields })
  const long = 'A lamp for the desk, with a foot of oak and a shade of linen'
  await post(page, 'A1', 10, { lines: [{ price: 7.5, article: long, note: 'broken' }, { article: 'Bulb', price: 2.5 }] })
  await page.getByRole('link', { name: 'Refund 10 for A1' }).click()
  const table = page.getByRole('region', { name: 'Lines' }).getByRole('table')
  await expect(table.getByRole('columnheader')).toHaveText(['Article', 'Price', 'Note'])
  await expect(table.getByRole('row').nth(1).getByRole('cell')).toHaveText([long, '7.5', 'broken'])
  await expect(table.getByRole('row').nth(2).getByRole('cell')).toHaveText(['Bulb', '2.5', ''])
  await isGood(page)
  expect(complaints).toEqual([])
})

test('a link that is none is shown as text', async ({ page, server: _ }) => {
  await send(page, '/api/v1/item-types', { ...refund, text: undefined })
  await post(page, 'A1', 10, { page__preview: 'javascript:alert(1)' })
  await goTo(page, 'Inbox')
  await page.getByRole('link', { name: 'Refund 10 for A1' }).click()
  await expect(page.getByText('javascript:alert(1)')).toBeVisible()
  await expect(page.getByRole('link', { name: 'javascript:alert(1)' })).toHaveCount(0)
})

test('HTML and templates in an item are text wherever they are shown', async ({ page, server: _, complaints }) => {
  const dialogs: string[] = []
  page.on('dialog', (dialog) => {
    dialogs.push(dialog.message())
    void dialog.dismiss()
  })
  const evil = '<img src=x onerror="alert(1)"><script>alert(2)</script>{{ 7*7 }}'
  const title = `Refund 10 for ${evil}`
  const lines = { type: 'array', title: 'Lines' }
  const fields = { ...refund.fields, properties: { ...refund.fields.properties, lines } }
  await send(page, '/api/v1/item-types', { ...refund, fields })
  await post(page, evil, 10, { page__preview: evil, lines: [{ article: evil }] })
  await goTo(page, 'Inbox')
  await page.getByRole('link', { name: title }).click()
  await expect(heading(page, title)).toBeFocused()
  await expect(page).toHaveTitle(`${title} · taskey`)
  await expect(page.getByText(`The order is ${evil}.`)).toBeVisible()
  await expect(page.getByRole('list', { name: 'Previews' })).toContainText(evil)
  await page.getByRole('button', { name: 'All its fields' }).click()
  await expect(page.getByRole('definition').filter({ hasText: evil })).toHaveCount(3)
  await expect(page.getByRole('cell')).toHaveText([evil])
  await page.getByRole('textbox', { name: 'Comment' }).fill(evil)
  await page.getByRole('button', { name: 'Comment', exact: true }).click()
  await expect(page.getByRole('list', { name: 'Log' })).toContainText(evil)

  await expect(page.locator('img[src="x"], main script')).toHaveCount(0)
  expect(dialogs).toEqual([])
  expect(complaints).toEqual([])
})

for (const colorScheme of ['light', 'dark'] as const) {
  test(`the dialogs of an item are accessible and fit their width (${colorScheme})`, async ({ page, server: _, complaints }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await send(page, '/api/v1/item-types', refund)
    await post(page, 'A1', 10)
    await goTo(page, 'Inbox')
    await page.getByRole('link', { name: 'Refund 10 for A1' }).click()
    for (const [action, name] of [
      ['Assign…', 'Assign it'],
      ['It is a duplicate…', 'It is a duplicate'],
      ['Take it back…', 'Take it back?'],
    ] as const) {
      await page.getByRole('button', { name: 'More actions' }).click()
      await page.getByRole('menuitem', { name: action }).click()
      const dialog = page.getByRole('dialog', { name })
      await expect(dialog).toBeVisible()
      await isGood(page)
      await dialog.getByRole('button', { name: 'Close', exact: true }).click()
      await expect(dialog).toHaveCount(0)
    }
    expect(complaints).toEqual([])
  })
}

test('the list of commands fits a phone, and a thumb chooses from it', async ({ page, server: _, complaints }, { project }) => {
  test.skip(project.name !== 'phone', 'on a desk it is looked at with its keys')
  await send(page, '/api/v1/item-types', refund)
  await post(page, 'A1', 10)
  await goTo(page, 'Inbox')
  await page.getByRole('link', { name: 'Refund 10 for A1' }).tap()
  await expect(decide(page, 'Refund 10')).toBeVisible()
  // So far only a keyboard opens it, which a phone may have too.
  await page.keyboard.press('Control+k')
  const palette = page.getByRole('dialog', { name: 'Commands' })
  await expect(palette.getByRole('option', { name: /Assign it to somebody/ })).toBeVisible()
  await isGood(page)
  await palette.getByRole('option', { name: /Go to Webhooks/ }).tap()
  await expect(heading(page, 'Webhooks')).toBeVisible()
  expect(complaints).toEqual([])
})

test('the keyboard goes through the inbox, and its list of commands teaches the keys', async ({ page, server: _ }, { project }) => {
  test.skip(project.name === 'phone', 'a phone has no keys')
  await send(page, '/api/v1/item-types', refund)
  await post(page, 'A1', 10)
  await post(page, 'A2', 20)
  await goTo(page, 'Inbox')
  await expect(rows(page)).toHaveCount(2)
  await page.keyboard.press('j')
  await expect(heading(page, 'Refund 20 for A2')).toBeFocused()
  await page.keyboard.press('j')
  await expect(heading(page, 'Refund 10 for A1')).toBeFocused()
  await page.keyboard.press('k')
  await expect(heading(page, 'Refund 20 for A2')).toBeFocused()
  await page.keyboard.press('a')
  await expect(page.getByText('You have it')).toBeVisible()
  await page.keyboard.press('Control+k')
  const palette = page.getByRole('dialog', { name: 'Commands' })
  await expect(palette.getByRole('option', { name: /Write a comment/ })).toContainText('c')
  await isGood(page)
  await page.keyboard.type('refund 20')
  await page.keyboard.press('Enter')
  await expect(heading(page, 'Refund 10 for A1')).toBeFocused()
})

test('what became one with an item leads there, and its due time is set and taken away', async ({ page, server, complaints }) => {
  await send(page, '/api/v1/item-types', refund)
  await post(page, 'A1', 10)
  await post(page, 'A2', 20)
  await goTo(page, 'Inbox')
  await expect(rows(page)).toHaveCount(2)
  const { items } = await (await page.request.get(`${server.url}/api/v1/items`)).json()
  const [newer, older] = items.map(({ id }: { id: string }) => id)
  await page.getByRole('link', { name: 'Refund 20 for A2' }).click()
  await expect(heading(page, 'Refund 20 for A2')).toBeFocused()
  await taskey(server, ['items', 'merge', older, '--into', newer])
  const same = page.getByRole('list', { name: 'Became one with this' })
  await expect(same.getByRole('listitem')).toHaveText([/Refund 10 for A1.*posted/])
  await isGood(page)

  const edit = async (at: string) => {
    await page.getByRole('button', { name: 'More actions' }).click()
    await page.getByRole('menuitem', { name: 'Edit' }).click()
    const dialog = page.getByRole('dialog', { name: 'Edit its fields' })
    await dialog.getByLabel('When it is due').fill(at)
    await isGood(page)
    await dialog.getByRole('button', { name: 'Save' }).click()
    await expect(dialog).toHaveCount(0)
  }
  await edit('2099-01-31T12:00')
  await expect(page.getByRole('article').getByText(/^due in/)).toBeVisible()
  await edit('')
  await expect(page.getByRole('article').getByText(/^due in/)).toHaveCount(0)

  await same.getByRole('link', { name: 'Refund 10 for A1' }).click()
  await expect(heading(page, 'Refund 10 for A1')).toBeFocused()
  expect(complaints).toEqual([])
})

test('a form is asked for at its fields, and a change by somebody else needs another look', async ({ page, server: _, complaints }) => {
  const part = {
    label: 'Refund a part',
    form: { type: 'object', required: ['part'], properties: { part: { type: 'number', title: 'Part', exclusiveMinimum: 0 } } },
  }
  const fields = { ...refund.fields, properties: { ...refund.fields.properties, note__editable: { type: 'string', title: 'Note' } } }
  await send(page, '/api/v1/item-types', { ...refund, fields, resolutions: { ...refund.resolutions, part } })
  await post(page, 'A1', 10)
  await goTo(page, 'Inbox')
  await page.getByRole('link', { name: 'Refund 10 for A1' }).click()
  await decide(page, 'Refund a part').click()
  const dialog = page.getByRole('dialog', { name: 'Refund a part' })
  await dialog.getByRole('button', { name: 'Refund a part' }).click()
  await expect(dialog.getByText('This is needed.')).toBeVisible()
  await isGood(page)
  await page.keyboard.press('Escape')

  await page.getByRole('button', { name: 'More actions' }).click()
  await isGood(page)
  await page.getByRole('menuitem', { name: /Edit its fields/ }).click()
  await page.getByRole('dialog').getByRole('textbox', { name: 'Note' }).fill('by bank')
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
  await expect(page.getByRole('status').filter({ hasText: 'Saved' })).toBeVisible()
  await expect(page.getByRole('list', { name: 'Log' }).getByRole('listitem').first()).toContainText('changed it')
  await expect(page.getByText('Changed meanwhile')).toHaveCount(0)

  const other = await page.context().newPage()
  await other.goto(page.url())
  await other.getByRole('button', { name: 'More actions' }).click()
  await other.getByRole('menuitem', { name: /Edit its fields/ }).click()
  await other.getByRole('dialog').getByRole('textbox', { name: 'Amount' }).fill('99')
  await other.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('Changed meanwhile – look again')).toBeVisible()
  await decide(page, 'Refund 99').click()
  await expect(heading(page, 'Refund 99 for A1')).toBeVisible()
  await page.getByRole('button', { name: 'I have looked again' }).click()
  await expect(page.getByText('Changed meanwhile')).toHaveCount(0)
  await decide(page, 'Refund 99').click()
  await expect(page.getByText('Nothing waits')).toBeVisible()
  expect(complaints.filter((text) => !text.includes('412'))).toEqual([])
})

test('a search finds what is open, then what is over too, and is kept in the address', async ({ page, server: _, complaints }) => {
  await send(page, '/api/v1/item-types', refund)
  await post(page, 'A1', 10)
  await post(page, 'B2', 20)
  await goTo(page, 'Inbox')
  await expect(rows(page)).toHaveCount(2)
  const search = page.getByRole('textbox', { name: 'Search the items' })
  await search.fill('b2 refu')
  await expect(rows(page)).toHaveText([/Refund 20 for B2/])
  await isGood(page)
  await page.reload()
  await expect(search).toHaveValue('b2 refu')
  await expect(rows(page)).toHaveText([/Refund 20 for B2/])

  await page.getByRole('link', { name: 'Refund 20 for B2' }).click()
  await decide(page, 'Refund 20').click()
  await expect(page.getByRole('status').filter({ hasText: 'Refund 20: done' })).toBeVisible()
  await goTo(page, 'Inbox')
  await search.fill('b2')
  await page.getByRole('button', { name: 'Search closed items too' }).click()
  await expect(rows(page)).toHaveText([/Refund 20 for B2/])
  await isGood(page)
  await search.press('Escape')
  await expect(search).toHaveValue('')
  expect(complaints).toEqual([])
})

test('an item is snoozed, commented and found again in a saved view', async ({ page, server, complaints }) => {
  await send(page, '/api/v1/item-types', refund)
  await post(page, 'A1', 10)
  await post(page, 'A2', 20)
  await goTo(page, 'Inbox')
  await page.getByRole('link', { name: 'Refund 20 for A2' }).click()
  await page.getByRole('textbox', { name: 'Comment' }).fill('Ask the shop first')
  await page.getByRole('button', { name: 'Comment', exact: true }).click()
  await expect(page.getByRole('list', { name: 'Log' })).toContainText('Ask the shop first')
  await expect(page.getByRole('list', { name: 'Log' })).toContainText('internal')
  await page.getByRole('button', { name: 'Snooze', exact: true }).click()
  await isGood(page)
  await page.getByRole('button', { name: 'Tomorrow, 9:00' }).click()
  await expect(heading(page, 'Refund 10 for A1')).toBeVisible()

  await page.goto(`${server.url}/inbox?queue=snoozed`)
  await expect(rows(page)).toHaveText([/Refund 20 for A2/])
  await page.getByRole('button', { name: 'Views' }).click()
  await isGood(page)
  await page.getByRole('menuitem', { name: 'Save this list as a view' }).click()
  await page.getByRole('dialog').getByRole('textbox', { name: 'Name' }).fill('Later')
  await page.getByRole('button', { name: 'Save the view' }).click()
  await page.getByRole('navigation', { name: 'Which items' }).getByRole('link', { name: /All open/ }).click()
  await expect(rows(page)).toHaveCount(2)
  await page.getByRole('button', { name: 'Views' }).click()
  await page.getByRole('menuitem', { name: 'Later' }).click()
  await expect(rows(page)).toHaveText([/Refund 20 for A2/])
  expect(complaints).toEqual([])
})

test('an item type is written with suggestions beside how an item reads, and its items move to its next version', async ({ page, server: _, complaints }, { project }) => {
  await goTo(page, 'Item types')
  await page.getByRole('link', { name: 'New item type' }).first().click()
  const text = page.getByRole('textbox', { name: 'Item type as YAML' })
  const reads = page.getByRole('complementary', { name: 'How an item reads' })
  await expect(reads.getByText('Refund 240 for Order')).toBeVisible()
  await isGood(page)
  await text.fill('name: refund\ntitle: Refund {{ amount }}\nfields:\n  required: [nothing]\n  properties:\n    amount: {type: number}\nresolutions:\n  done: {}\n')
  await expect(page.getByRole('button', { name: /^Line \d+/ })).toBeVisible()
  await expect(text).toHaveAttribute('aria-invalid', 'true')
  await isGood(page)
  await text.fill('name: refund\ntitle: Refund {{ amount }}\nfields:\n  properties:\n    amount: {type: number}\nstates:\n  new: {}\nresolutions:\n  done: {}\n')
  await expect(reads.getByText('It would be made.')).toBeVisible()
  if (project.name === 'desktop') {
    await text.focus()
    await page.keyboard.press('Control+End')
    await page.keyboard.type('on_t')
    await expect(page.getByRole('option', { name: /^on_timeout/ })).toBeVisible()
    await isGood(page)
    await page.keyboard.press('Enter')
    await page.keyboard.type('d')
    await page.keyboard.press('Enter')
    await expect(text).toHaveValue(/\non_timeout: deny$/)
  }
  await page.getByRole('button', { name: 'Create the item type' }).click()
  await expect(heading(page, 'refund')).toBeVisible()
  await isGood(page)

  await send(page, '/api/v1/items', { type: 'refund', fields: { amount: 5 } })
  await page.getByRole('link', { name: 'Edit' }).click()
  await expect(heading(page, 'Edit refund')).toBeVisible()
  await text.fill('name: refund\ntitle: Refund {{ amount }}\nfields:\n  properties:\n    amount: {type: number}\nstates:\n  open: {}\nresolutions:\n  done: {}\n')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('button', { name: /Move them to version 2/ }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('combobox', { name: /What is “new” becomes/ }).click()
  await page.getByRole('option', { name: 'Open' }).click()
  await dialog.getByRole('button', { name: 'See what would happen' }).click()
  await expect(dialog.getByText('1 item would be moved')).toBeVisible()
  await isGood(page)
  await dialog.getByRole('button', { name: 'Move 1 item' }).click()
  await expect(dialog.getByText('1 item was moved')).toBeVisible()
  await dialog.getByRole('button', { name: 'Done' }).click()
  await page.getByRole('link', { name: 'what each version changed' }).click()
  await expect(heading(page, 'Versions of refund')).toBeVisible()
  await expect(page.getByRole('region', { name: 'What version 2 changed' })).toContainText('open')
  expect(complaints.filter((text) => !text.includes('422'))).toEqual([])
})

test('a webhook tells its secret once, and its key is changed with both signing for a while', async ({ page, server: _, complaints }) => {
  await send(page, '/api/v1/item-types', refund)
  await goTo(page, 'Webhooks')
  await expect(page.getByText('No webhooks yet')).toBeVisible()
  await isGood(page)
  await page.getByRole('link', { name: 'New webhook' }).first().click()
  await page.getByRole('textbox', { name: 'Address' }).fill('not an address')
  await page.getByRole('button', { name: 'Create the webhook' }).click()
  await expect(page.getByRole('textbox', { name: 'Address' })).toBeFocused()
  await isGood(page)
  await page.getByRole('textbox', { name: 'Address' }).fill('https://shop.example/hook')
  await page.getByRole('switch', { name: /own address become items/ }).click({ force: true })
  await page.getByRole('combobox', { name: 'They become items of the type' }).click()
  await page.getByRole('option', { name: 'refund' }).click()
  for (const [place, name] of ['order', 'amount'].entries()) {
    await page.getByRole('button', { name: 'Add a field' }).click()
    await page.getByRole('textbox', { name: `Name of field ${place + 1}` }).fill(name)
    await page.getByRole('textbox', { name: `Template of field ${place + 1}` }).fill(`{{ body.${name} }}`)
  }
  await isGood(page)
  await page.getByRole('button', { name: 'Create the webhook' }).click()
  await expect(page.getByRole('region', { name: 'The new secret' })).toContainText('whsec_')
  await isGood(page)
  await page.getByRole('button', { name: 'I have copied it' }).click()
  await expect(heading(page, 'shop.example')).toBeVisible()
  await expect(page.getByText('whsec_')).toHaveCount(0)
  await isGood(page)
  await page.getByRole('button', { name: 'Change the key…' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Change the key' }).click()
  await expect(page.getByRole('dialog')).toContainText('whsec_')
  await page.getByRole('button', { name: 'I have copied it' }).click()
  await expect(page.getByRole('list', { name: 'Keys' }).getByRole('listitem')).toHaveText([/Key 2/, /Key 1.*signs beside the newer one/])
  expect(complaints.filter((text) => !text.includes('422'))).toEqual([])
})

test('a group decides over the items of one type alone, and who is in it begins with them', async ({ page, browser, server, complaints }) => {
  await send(page, '/api/v1/item-types', refund)
  await post(page, 'A1', 10)
  await makeGroup(server, 'Tellers', 'none')
  await makeUser(server, { username: 'rita', name: 'Rita', groups: ['Tellers'] })
  await goTo(page, 'Groups')
  await page.getByRole('link', { name: 'Tellers' }).click()
  // The list has the same choice.
  await expect(heading(page, 'Tellers')).toBeVisible()
  await page.getByRole('combobox', { name: 'Tellers: Items: refund' }).selectOption('self-service')
  await expect(page.getByText('Saved')).toBeVisible()
  await isGood(page)

  const context = await browser.newContext({ viewport: page.viewportSize() })
  const rita = await context.newPage()
  await rita.goto(`${server.url}/login`)
  await rita.getByLabel('User name').fill('rita')
  await rita.getByRole('textbox', { name: 'Password' }).fill(account.password)
  await rita.getByRole('button', { name: 'Sign in' }).click()
  await expect(heading(rita, 'Inbox')).toBeVisible()
  expect(await menuOf(rita)).toEqual(['Inbox', 'Item types', 'API keys'])
  await rita.getByRole('link', { name: 'Refund 10 for A1' }).click()
  await rita.getByRole('button', { name: 'More actions' }).click()
  await rita.getByRole('menuitem', { name: /Assign/ }).click()
  const to = rita.getByRole('dialog').getByRole('combobox', { name: 'To whom' })
  await to.click()
  await expect(rita.getByRole('option')).toHaveText(['Nobody', 'Me (Rita)'])
  await rita.keyboard.press('Escape')
  await rita.keyboard.press('Escape')
  await decide(rita, 'Refund 10').click()
  await expect(rita.getByText('Nothing waits')).toBeVisible()
  expect(complaints).toEqual([])
})
