import { Button, type ButtonProps } from '@mantine/core'
import type { ComponentPropsWithRef, ReactNode } from 'react'
import classes from './action-button.module.css'
import { type Refusal, WhyButton } from './why'

type PressProps = Omit<ComponentPropsWithRef<'button'>, keyof ButtonProps>

interface ActionProps extends ButtonProps, PressProps {
  may: boolean
  why: Refusal
  children: ReactNode
}

/** A button for what not everybody may do: who may not sees it all the same, disabled, with the reason beside it. */
export function ActionButton({ may, why, ...props }: ActionProps) {
  if (may) return <Button {...props} />
  return <RefusedButton {...props} why={why} />
}

/** What stands in place of a button or a link for who may not use it. */
export function RefusedButton({ why, ...props }: Omit<ActionProps, 'may'>) {
  return (
    <span className={classes.refused}>
      <Button {...props} disabled />
      <WhyButton {...why} />
    </span>
  )
}
