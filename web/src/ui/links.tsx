import { Anchor, type AnchorProps, Button, type ButtonProps } from '@mantine/core'
import { createLink } from '@tanstack/react-router'
import type { ComponentPropsWithRef } from 'react'

type LinkProps = ComponentPropsWithRef<'a'>

/** A link within the app, as text. */
export const TextLink = createLink((props: AnchorProps & Omit<LinkProps, keyof AnchorProps>) => (
  <Anchor underline="hover" inherit={props.size === undefined} {...props} />
))

/** A link within the app that looks like a button. */
export const ButtonLink = createLink((props: ButtonProps & Omit<LinkProps, keyof ButtonProps>) => (
  <Button component="a" {...props} />
))
