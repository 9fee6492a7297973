import type { Execution, Reason } from '../../lib/api/types'

const words: Record<string, string> = {
  offline: 'The device was offline.',
  agent_restart: 'The agent was restarted while it ran.',
  policy_user: "The device's policy does not let anything run as this user.",
  policy_action: "The device's policy does not allow this type of action.",
  policy_signer: "The device's policy does not take orders from this server.",
  policy_missing: 'The device has no policy, so nothing may run there.',
  policy_invalid: "The device's policy cannot be read, so nothing may run there.",
  timeout: 'It took longer than its time limit.',
  start_failed: 'The program could not be started.',
  exit_code: 'The program ended with an exit code other than 0.',
  signal: 'The program was ended by a signal.',
  bad_signature: 'The device could not verify who signed the order.',
  cancelled: 'Somebody cancelled it.',
  purged: 'What waited for the device was thrown away.',
  expired: 'The device did not come online in time.',
  device_removed: 'The device was removed.',
}

/** Why something is as it is: in the words of the device or server, else what the code means. */
export function reasonText(reason: Reason): string {
  const detail = reason.detail.trim()
  if (detail) return sentence(detail)
  return words[reason.code] ?? sentence(reason.code.replaceAll('_', ' '))
}

/** Most reasons come from an action, which shows them itself. */
export function isToldByAction({ reason, actions }: Pick<Execution, 'reason' | 'actions'>): boolean {
  return actions.some((action) => action.reason?.code === reason?.code)
}

function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1)
  return /[.!?]$/.test(begun) ? begun : `${begun}.`
}
