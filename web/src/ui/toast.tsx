import { UnstyledButton } from '@mantine/core'
import { useEffect, useState, useSyncExternalStore } from 'react'
import { CheckIcon, CloseIcon } from './icons'
import classes from './toast.module.css'

const shownMs = 8_000

interface Toast {
  number: number
  text: string
}

let toast: Toast | null = null
const listeners = new Set<() => void>()

/** Tells of something that has just been done, for a moment. */
export function tell(text: string) {
  change({ number: (toast?.number ?? 0) + 1, text })
}

/** Where it is told; screen readers read it out where they are. */
export function ToastRegion() {
  const shown = useSyncExternalStore(subscribe, () => toast)
  const [isHeld, setHeld] = useState(false)

  useEffect(() => {
    if (!shown || isHeld) return
    const timer = setTimeout(() => change(null), shownMs)
    return () => clearTimeout(timer)
  }, [shown, isHeld])

  return (
    <div role="status" className={classes.region}>
      {shown && (
        // biome-ignore lint/a11y/noStaticElementInteractions: what is being read does not go away
        <div
          key={shown.number}
          className={classes.toast}
          onPointerEnter={() => setHeld(true)}
          onPointerLeave={() => setHeld(false)}
          onFocus={() => setHeld(true)}
          onBlur={() => setHeld(false)}
        >
          <CheckIcon size={16} />
          <span>{shown.text}</span>
          <UnstyledButton
            className={classes.close}
            aria-label="Close the message"
            onClick={() => change(null)}
          >
            <CloseIcon size={16} />
          </UnstyledButton>
        </div>
      )}
    </div>
  )
}

function change(next: Toast | null) {
  toast = next
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
