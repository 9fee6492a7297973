import { Modal, type ModalProps } from '@mantine/core'
import { useEffect, useId, useRef } from 'react'

/** Ids of the dialogs that are open, the topmost last. */
const open: string[] = []

/** A dialog for as long as it is rendered. Escape closes the topmost one and no other. */
export function Dialog({
  onClose,
  ...props
}: Omit<ModalProps, 'opened' | 'closeOnEscape' | 'closeButtonProps'>) {
  const id = useId()
  const close = useRef(onClose)
  close.current = onClose
  useEffect(() => {
    open.push(id)
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || event.isComposing || open.at(-1) !== id) return
      if (!isForSomethingInside(event.target)) close.current()
    }
    window.addEventListener('keydown', onKeyDown, { capture: true })
    return () => {
      window.removeEventListener('keydown', onKeyDown, { capture: true })
      open.splice(open.indexOf(id), 1)
    }
  }, [id])
  return (
    <Modal
      {...props}
      opened
      onClose={onClose}
      closeOnEscape={false}
      closeButtonProps={{ 'aria-label': 'Close' }}
    />
  )
}

/** An open list of choices takes the key for itself; Mantine marks its field. */
function isForSomethingInside(target: EventTarget | null): boolean {
  return target instanceof Element && target.getAttribute('data-mantine-stop-propagation') === 'true'
}
