import { MantineProvider } from '@mantine/core'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { setNonce } from 'get-nonce'
import { useEffect } from 'react'
import { onRefused, onSignedOut } from '../lib/api/client'
import { cssVariables, theme } from '../ui/theme'
import { isBeforeSignIn } from './next'
import { queryClient, router } from './router'

export function App() {
  useEffect(() => {
    onSignedOut(leave)
    onRefused(readRights)
  }, [])
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      getStyleNonce={() => styleNonce}
    >
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  )
}

/** The server's policy lets only styles with this word in; the attribute itself is hidden from scripts. */
const styleNonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? ''

// What keeps the page behind a dialog from scrolling adds a style of its own.
setNonce(styleNonce)

/** The session is over: forget what it could see and come back after signing in. */
function leave() {
  const { pathname, href } = router.state.location
  if (isBeforeSignIn(pathname)) return
  queryClient.clear()
  void router.navigate({ to: '/login', search: { next: href } })
}

/** After a refusal: what one may do is not what this page thought. What was refused to be read is not read again for that. */
function readRights(refused: 'reading' | 'changing') {
  const stale = refused === 'reading' ? ['me'] : ['me', 'devices', 'device-groups', 'access']
  for (const key of stale) void queryClient.invalidateQueries({ queryKey: [key] })
}
