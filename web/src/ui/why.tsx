import { type ComponentType, createContext, use } from 'react'
import { refusedVerb } from '../lib/api/problem'

interface WhyProps {
  verb: string
  device?: string
}

/** What offers the reason of a refusal; nothing before one is signed in. */
export const WhyContext = createContext<ComponentType<WhyProps> | null>(null)

/** Offers why, where an error is that one may not do something. `device`: what it was about. */
export function WhyOf({ error, device }: { error: unknown; device?: string }) {
  const Why = use(WhyContext)
  const verb = refusedVerb(error)
  return Why && verb && <Why verb={verb} device={device} />
}
