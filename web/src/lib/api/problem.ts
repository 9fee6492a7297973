import type { FieldError } from './types'

/** What the server answered instead of what was asked for, or that it did not answer at all (`unreachable`). */
export class ApiProblem extends Error {
  readonly status: number
  readonly code: string
  readonly errors: readonly FieldError[]
  readonly requestId: string | null

  constructor(problem: {
    status: number
    code: string
    detail: string
    errors?: readonly FieldError[]
    requestId?: string | null
  }) {
    super(problem.detail)
    this.name = 'ApiProblem'
    this.status = problem.status
    this.code = problem.code
    this.errors = problem.errors ?? []
    this.requestId = problem.requestId ?? null
  }
}

/** Reads a problem document; anything else (a proxy's page, an empty body) becomes a problem too. */
export function problemOf(body: unknown, status: number): ApiProblem {
  if (isProblem(body)) {
    return new ApiProblem({
      status,
      code: body.code,
      detail: body.detail || body.title || fallbackDetail(status),
      errors: Array.isArray(body.errors) ? body.errors : [],
      requestId: body.request_id ?? null,
    })
  }
  return new ApiProblem({ status, code: 'unreadable_answer', detail: fallbackDetail(status) })
}

export const unreachable = () =>
  new ApiProblem({ status: 0, code: 'unreachable', detail: 'The server does not answer.' })

/** What to tell the person, and what they can do about it. */
export function problemText(error: unknown): string {
  if (!(error instanceof ApiProblem)) return 'Something in this page failed. Reload it.'
  switch (error.code) {
    case 'unreachable':
      return 'The server does not answer. Check the connection and try again.'
    case 'unavailable':
      return 'The server cannot answer just now. Try again in a moment.'
    case 'precondition_failed':
      return 'Someone else has changed it meanwhile. Look at it again, then repeat your change.'
    case 'run_over':
      return 'The run is over already.'
    case 'internal':
      return error.requestId ? `${error.message} (request ${error.requestId})` : error.message
    default:
      return error.message
  }
}

/** The verb of a refusal, which its text names first; null for every other failure. */
export function refusedVerb(error: unknown): string | null {
  if (!(error instanceof ApiProblem) || error.code !== 'not_allowed') return null
  return /`([a-z-]+\.[a-z-]+)`/.exec(error.message)?.[1] ?? null
}

/** What was asked for is not there any more, or not for whoever asks. */
export function isGone(error: unknown): boolean {
  return error instanceof ApiProblem && (error.status === 404 || error.status === 403)
}

/** Trying again helps only where the server or the way to it is at fault. */
export function isWorthRetrying(error: unknown): boolean {
  if (!(error instanceof ApiProblem)) return false
  return error.status === 0 || error.status >= 500
}

export interface FieldProblems<Field extends string> {
  /** One text for each field of the form that has a problem. */
  fields: Partial<Record<Field, string>>
  /** What belongs to no field of the form, or null. */
  rest: string | null
}

/** Sorts a problem's pointers to the fields of a form; `fieldOf` knows which field shows a pointer. */
export function fieldProblems<Field extends string>(
  error: unknown,
  fieldOf: (pointer: string) => Field | null,
): FieldProblems<Field> {
  if (!(error instanceof ApiProblem) || error.errors.length === 0) {
    return { fields: {}, rest: error ? problemText(error) : null }
  }
  const fields: Partial<Record<Field, string>> = {}
  const rest: string[] = []
  for (const { pointer, detail } of error.errors) {
    const field = fieldOf(pointer)
    if (!field) rest.push(pointer ? `${pointer}: ${detail}` : detail)
    else fields[field] = fields[field] ? `${fields[field]}; ${detail}` : detail
  }
  return { fields, rest: rest.length > 0 ? rest.join('; ') : null }
}

interface ProblemDocument {
  code: string
  title?: string
  detail?: string
  errors?: FieldError[]
  request_id?: string
}

function isProblem(body: unknown): body is ProblemDocument {
  return typeof body === 'object' && body !== null && 'code' in body && typeof body.code === 'string'
}

function fallbackDetail(status: number): string {
  return `The server answered ${status} without saying why.`
}
