import createClient, { type Middleware } from 'openapi-fetch'
import { ApiProblem, problemOf, unreachable } from './problem'
import type { paths } from './schema'

/** Every call to the server goes through here; `answer` turns what comes back into data or an ApiProblem. */
export const api = createClient<paths>({ baseUrl: '/', credentials: 'same-origin' })

let tellSignedOut: () => void = () => undefined

/** `listener` is called when the server says that nobody is signed in any more. */
export function onSignedOut(listener: () => void) {
  tellSignedOut = listener
}

/** For who has found out otherwise that nobody is signed in any more. */
export function signedOut() {
  tellSignedOut()
}

type Refused = 'reading' | 'changing'

let tellRefused: (what: Refused) => void = () => undefined

/** `listener` is called when the server says that one may not read or change something: rights may have changed. */
export function onRefused(listener: (what: Refused) => void) {
  tellRefused = listener
}

const failuresAsProblems: Middleware = {
  async onResponse({ response, request }) {
    if (response.ok) return
    const body: unknown = await response.json().catch(() => null)
    const problem = problemOf(body, response.status)
    // `/me` is how the app asks whether someone is signed in: its caller decides.
    if (problem.code === 'not_signed_in' && !request.url.endsWith('/api/v1/me')) tellSignedOut()
    if (problem.code === 'not_allowed') tellRefused(request.method === 'GET' ? 'reading' : 'changing')
    throw problem
  },
  onError({ error }) {
    if (error instanceof DOMException && error.name === 'AbortError') return error
    return error instanceof ApiProblem ? error : unreachable()
  },
}

api.use(failuresAsProblems)

/** The data of an answer; failures have been thrown by then. */
export async function answer<Data>(call: Promise<{ data?: Data }>): Promise<Data> {
  return (await call).data as Data
}

/** A key that makes a repeated create harmless. Works without a secure context, unlike randomUUID. */
export function idempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
