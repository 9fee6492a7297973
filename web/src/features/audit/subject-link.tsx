import { TextLink } from '../../ui/links'

/** The id of what something was done to, as a link where it has a page. What is gone says so there. */
export function SubjectLink({ subject }: { subject: string }) {
  switch (subject.split('_')[0]) {
    case 'dev':
      return (
        <TextLink to="/devices/$device" params={{ device: subject }}>
          {subject}
        </TextLink>
      )
    case 'usr':
      return (
        <TextLink to="/users/$user" params={{ user: subject }}>
          {subject}
        </TextLink>
      )
    case 'grp':
      return (
        <TextLink to="/groups/$group" params={{ group: subject }}>
          {subject}
        </TextLink>
      )
    case 'dgr':
      return (
        <TextLink to="/device-groups/$group" params={{ group: subject }}>
          {subject}
        </TextLink>
      )
    case 'run':
      return (
        <TextLink to="/runs/$run" params={{ run: subject }}>
          {subject}
        </TextLink>
      )
    case 'tsk':
      return (
        <TextLink to="/tasks/$task" params={{ task: subject }}>
          {subject}
        </TextLink>
      )
    default:
      return subject
  }
}
