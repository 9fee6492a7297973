/** Whether one may change webhooks, and what to ask where not. */
export interface WriteRight {
  may: boolean
  why: { verb: string }
}
