import { useLocale } from '../lib/locale'
import { useNow } from '../lib/time/now'
import { durationLabel, exactLabel, relativeLabel, sinceLabel } from '../lib/time/relative'

/** When something was or will be; the exact time with its zone is the tooltip. */
export function Moment({ at }: { at: string }) {
  const now = useNow()
  const locale = useLocale()
  const date = new Date(at)
  return (
    <time dateTime={at} title={exactLabel(date, locale)}>
      {relativeLabel(date, now)}
    </time>
  )
}

/** For how long something has been so: `5 min`. */
export function Since({ at }: { at: string }) {
  const now = useNow()
  const locale = useLocale()
  const date = new Date(at)
  return (
    <time dateTime={at} title={exactLabel(date, locale)}>
      {sinceLabel(date, now)}
    </time>
  )
}

/** How long something took, or has taken so far. */
export function Duration({ from, to }: { from: string; to?: string | null }) {
  return to ? (
    durationLabel(new Date(to).getTime() - new Date(from).getTime())
  ) : (
    <RunningDuration from={from} />
  )
}

/** The exact time in full. */
export function ExactMoment({ at }: { at: string }) {
  const locale = useLocale()
  return <time dateTime={at}>{exactLabel(new Date(at), locale)}</time>
}

function RunningDuration({ from }: { from: string }) {
  const now = useNow()
  return durationLabel(now.getTime() - new Date(from).getTime())
}
