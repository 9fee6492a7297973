import type { Quiet } from '../../lib/api/types'
import { count } from '../../lib/words'

/** What there is to look at before it is ended, one sentence each; what is not there is not told. */
export function thingsToLookAt({ counts }: Pick<Quiet, 'counts'>): string[] {
  const sentences = []
  if (counts.queued > 0) {
    sentences.push(`${executions(counts.queued)} waited for a device when the backup was made.`)
  }
  if (counts.unreported > 0) {
    sentences.push(`${executions(counts.unreported)} had been sent and not reported.`)
  }
  if (counts.unknown_executions > 0) {
    sentences.push(
      `${executions(counts.unknown_executions)} of the time that was lost: devices told of them, and they are not known here.`,
    )
  }
  return sentences
}

/** What was removed since the backup was made may be among these again. */
export function whatIsBack({ counts }: Pick<Quiet, 'counts'>): string {
  const { devices, users, keys, secrets } = counts
  return `${count(devices, 'device')}, ${count(users, 'user')}, ${count(keys, 'key')} and ${count(secrets, 'secret')}`
}

/** What becomes of what waited. */
export function fateOfQueued(queued: number, keep: boolean): string {
  if (queued === 0) return 'Nothing waited when the backup was made.'
  const what = executions(queued)
  return keep
    ? `${what} that waited will be sent, as far as they are still valid. A device that had one since does not run it again.`
    : `${what} that waited will be cancelled. If a device ran one since, its report corrects that.`
}

const executions = (number: number) => count(number, 'execution')
