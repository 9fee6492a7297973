import { Button, Container, Text } from '@mantine/core'
import { type ErrorComponentProps, useRouter } from '@tanstack/react-router'
import { Failed } from '../ui/answers'
import { ButtonLink } from '../ui/links'
import { Page } from '../ui/page'

/** For addresses that lead nowhere. */
export function NotFound() {
  return (
    <Page title="There is nothing here">
      <Text mb="md">The address is wrong, or what it showed has been removed.</Text>
      <ButtonLink to="/">Go to the first page</ButtonLink>
    </Page>
  )
}

/** For a page that could not be loaded or that failed while it was shown. */
export function PageFailed({ error, reset }: ErrorComponentProps) {
  const router = useRouter()
  const retry = () => {
    reset()
    void router.invalidate()
  }
  return (
    <Container size="sm" py="xl">
      <Failed error={error} onRetry={retry} />
      <Button mt="md" variant="default" onClick={() => window.location.reload()}>
        Reload the page
      </Button>
    </Container>
  )
}
