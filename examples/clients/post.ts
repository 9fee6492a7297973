// Posts a refund, waits until somebody has decided, and prints how. Needs nothing but Node 20.19 or newer.
//   TASKEY_SERVER=https://taskey.example.org TASKEY_API_KEY=tky_... npx tsx post.ts A1 240
//
// Run again for the same order, it goes on waiting for the same item.

type Resolution = { name: string; refusal: boolean; reason: string | null; answers: Record<string, unknown>; by: string }
type Item = { id: string; state: string; is_open: boolean; resolution: Resolution | null }

const server = (process.env.TASKEY_SERVER ?? '').replace(/\/$/, '')
const key = process.env.TASKEY_API_KEY ?? ''

/** The answer's JSON; undefined where there is none. */
async function call(method: string, path: string, body?: unknown): Promise<Item | undefined> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const response = await fetch(server + path, { method, headers, body: JSON.stringify(body) })
  if (!response.ok) {
    throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
  }
  return response.status === 204 ? undefined : ((await response.json()) as Item)
}

/** The item of this refund once it is over. */
async function ask(order: string, amount: number): Promise<Item> {
  const fields = { order, amount, currency: 'EUR' }
  const item = await call('POST', '/api/v1/items', { type: 'refund', external_id: `refund-${order}`, fields })
  for (;;) {
    // Answers as soon as it is over; after 50 seconds with nothing, and then one asks again.
    const over = await call('GET', `/api/v1/items/${item?.id}/wait?wait=50`)
    if (over) {
      return over
    }
  }
}

async function main([order, amount]: string[]): Promise<void> {
  const { resolution, state } = await ask(order, Number(amount))
  console.log(resolution?.name ?? state)
  process.exitCode = resolution && !resolution.refusal ? 0 : 2
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error)
  process.exitCode = 1
})
