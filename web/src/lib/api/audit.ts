/** The audit log's part of the API, by the server's types. Goes when the generated document has it. */
export interface AuditEntry {
  /** Its place in the chain; null until it is sealed, within a second or so. */
  seq?: number | null
  at: string
  actor: AuditActor
  /** Where it came from; empty for what the server does by itself. */
  address: string
  request: string
  /** Such as `device.removed`; `access.refused` is what was tried and refused. */
  action: string
  /** Id of what it was done to. */
  subject: string
  detail: Record<string, unknown>
  hash?: string | null
}

export interface AuditActor {
  kind: string
  id: string
  /** As it was called then. */
  name: string
  /** The user behind it, where there is one; of a key its owner. */
  user?: string | null
}

interface AuditQuery {
  actor?: string
  action?: string
  subject?: string
  since?: string
  until?: string
  limit?: number
  cursor?: string
}

export interface AuditPaths {
  '/api/v1/audit': {
    get: {
      parameters: { query?: AuditQuery }
      responses: {
        200: { content: { 'application/json': { items: AuditEntry[]; next?: string | null } } }
      }
    }
  }
}
