// Takes in what taskey tells of items, and believes nothing that is not signed.
//   npm install standardwebhooks
//   TASKEY_WEBHOOK_SECRET=whsec_... PORT=8000 node receiver.mjs
//
// What was told before is not done again, and what comes late is not done any more: seen.json remembers.

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { Webhook } from 'standardwebhooks'

const webhook = new Webhook(process.env.TASKEY_WEBHOOK_SECRET)
const bodyLenMax = 1024 * 1024
const file = process.env.SEEN ?? 'seen.json'
const seen = new Map(existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [])

const server = createServer(async (request, response) => {
  const body = await read(request)
  let event
  try {
    // The bytes as they came: a body that was parsed and written again has another signature.
    event = webhook.verify(body, request.headers)
  } catch {
    response.writeHead(401).end()
    return
  }
  try {
    takeIn(event)
    response.writeHead(204).end()
  } catch (error) {
    console.error(error)
    // Anything but 2xx, and it comes again.
    response.writeHead(500).end()
  }
})

/** The whole body; one that is too long is cut, and then its signature is wrong. */
async function read(request) {
  const pieces = []
  let length = 0
  for await (const piece of request) {
    length += piece.length
    if (length <= bodyLenMax) pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

/** Does what is to be done, once. If it fails, nothing is remembered, and the next try does it. */
function takeIn(event) {
  const { item, seq, state } = event.data
  if (seq <= (seen.get(item.id) ?? 0)) return
  if (event.type === 'item.resolved') {
    console.log(`${item.external_id}: ${item.resolution.name}`)
  } else {
    console.log(`${item.external_id}: ${event.type}, now ${state}`)
  }
  seen.set(item.id, seq)
  writeFileSync(`${file}.new`, JSON.stringify([...seen]))
  renameSync(`${file}.new`, file)
}

server.listen(Number(process.env.PORT ?? 8000), '127.0.0.1', () => {
  console.log(`ready: http://127.0.0.1:${server.address().port}`)
})
