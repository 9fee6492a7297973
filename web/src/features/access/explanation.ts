import type { Explanation, Grant } from '../../lib/api/types'
import { roleName } from './roles'
import { verbWords } from './verbs'

/** The answer in one sentence: `You may not run commands and scripts on web-1.` */
export function verdict(explanation: Explanation, isOneself: boolean): string {
  const who = isOneself ? 'You' : explanation.user.username
  const { device, item_type: type } = explanation
  const where = device ? ` on ${device.name}` : type ? ` (type ${type.name})` : ''
  return `${who} may ${explanation.allowed ? '' : 'not '}${verbWords(explanation.verb)}${where}.`
}

/** What it takes, in one sentence. */
export function needWords({ needs, device, item_type: type }: Explanation): string {
  switch (needs) {
    case 'signed-in':
      return 'Everybody who is signed in may.'
    case 'super':
      return 'It is for super users.'
    case 'operator':
      return 'It is for operators of this server.'
    default:
      return `It takes the role ${roleName(needs as Grant['role'])}${device || type ? ' there' : ''}.`
  }
}

/** From where a group has its role in this place. */
export function grantSource({ overridden, device_group: group, item_type: type }: Grant): string {
  const place = group ? `in the device group ${group.name}` : type ? `for items of the type ${type.name}` : ''
  if (overridden && place) return `overridden ${place}`
  if (place) return `its own role, not overridden ${place}`
  return 'its own role'
}

/** Where no group is listed: why. */
export function withoutGrants({ has }: Explanation, isOneself: boolean): string {
  const isAbove = has === 'super' || has === 'operator'
  if (isOneself) return isAbove ? 'You are in no other group, and need none.' : 'You are in no group.'
  return isAbove ? 'This user is in no other group, and needs none.' : 'This user is in no group.'
}
