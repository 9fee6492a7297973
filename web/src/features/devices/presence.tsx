import type { Device } from '../../lib/api/types'
import { Since } from '../../ui/moment'
import classes from './presence.module.css'

/** Whether a device is there: a dot, the word, and since when. */
export function PresenceSign({ device }: { device: Pick<Device, 'presence' | 'since' | 'quarantine'> }) {
  const word = device.quarantine ? 'in quarantine' : device.presence
  return (
    <span className={classes.sign} data-presence={device.quarantine ? 'quarantine' : device.presence}>
      <span className={classes.dot} aria-hidden="true" />
      <span>
        {word} for <Since at={device.quarantine?.since ?? device.since} />
      </span>
    </span>
  )
}

export function PresenceWord({ presence }: { presence: Device['presence'] }) {
  return (
    <span className={classes.sign} data-presence={presence}>
      <span className={classes.dot} aria-hidden="true" />
      {presence}
    </span>
  )
}
