import { QueryClient } from '@tanstack/react-query'
import { createRouter } from '@tanstack/react-router'
import { isWorthRetrying } from '../lib/api/problem'
import { NotFound, PageFailed } from './fallbacks'
import { routeTree } from './routes'

const attemptsMax = 2

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // Events say when something has changed; this bounds what a missed one can do.
      staleTime: 30_000,
      retry: (failureCount, error) => failureCount < attemptsMax && isWorthRetrying(error),
    },
  },
})

export const router = createRouter({
  routeTree,
  context: { queryClient },
  defaultPreload: 'intent',
  defaultPendingMs: 300,
  scrollRestoration: true,
  defaultNotFoundComponent: NotFound,
  defaultErrorComponent: PageFailed,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
