import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { NothingHere } from '../../ui/answers'
import { ShieldIcon } from '../../ui/icons'
import { Page } from '../../ui/page'
import { CodeText } from '../../ui/text'
import { meDetail } from '../accounts/queries'
import { explanation } from './queries'
import { WhyButton } from './why'

/** In place of a page that is not for who is signed in. */
export function NotForYou({ title, verb }: { title: string; verb: string }) {
  const { data: me } = useSuspenseQuery(meDetail())
  const { data: why } = useQuery(explanation({ verb }))
  return (
    <Page title={title}>
      <NothingHere icon={ShieldIcon} title="You may not see this" action={<WhyButton verb={verb} />}>
        {why && <CodeText>{why.reason.detail}</CodeText>} A super user of {me.organization.name} can change
        what you may do.
      </NothingHere>
    </Page>
  )
}
