import { TextLink } from '../../ui/links'

/** The id of what something was done to, as a link where it has a page. What is gone says so there. */
export function SubjectLink({ subject }: { subject: string }) {
  switch (subject.split('_')[0]) {
    case 'dev':
      return (
        <TextLink underline="always" to="/devices/$device" params={{ device: subject }}>
          {subject}
        </TextLink>
      )
    case 'usr':
      return (
        <TextLink underline="always" to="/users/$user" params={{ user: subject }}>
          {subject}
        </TextLink>
      )
    case 'grp':
      return (
        <TextLink underline="always" to="/groups/$group" params={{ group: subject }}>
          {subject}
        </TextLink>
      )
    case 'dgr':
      return (
        <TextLink underline="always" to="/device-groups/$group" params={{ group: subject }}>
          {subject}
        </TextLink>
      )
    case 'run':
      return (
        <TextLink underline="always" to="/runs/$run" params={{ run: subject }}>
          {subject}
        </TextLink>
      )
    case 'tsk':
      return (
        <TextLink underline="always" to="/tasks/$task" params={{ task: subject }}>
          {subject}
        </TextLink>
      )
    case 'sch':
      return (
        <TextLink underline="always" to="/schedules/$schedule" params={{ schedule: subject }}>
          {subject}
        </TextLink>
      )
    case 'cal':
      return (
        <TextLink underline="always" to="/calendars/$calendar" params={{ calendar: subject }}>
          {subject}
        </TextLink>
      )
    case 'itm':
      return (
        <TextLink underline="always" to="/inbox/$item" params={{ item: subject }}>
          {subject}
        </TextLink>
      )
    case 'ity':
      return (
        <TextLink underline="always" to="/item-types/$type" params={{ type: subject }}>
          {subject}
        </TextLink>
      )
    case 'whk':
      return (
        <TextLink underline="always" to="/webhooks/$webhook" params={{ webhook: subject }}>
          {subject}
        </TextLink>
      )
    default:
      return subject
  }
}
