/** A verb, and what it lets somebody do: `may …`. */
interface VerbWords {
  verb: string
  words: string
}

/** Verbs about one kind of thing; `noun.*` stands for all of them. */
export interface VerbGroup {
  noun: string
  title: string
  verbs: readonly VerbWords[]
}

const known: readonly VerbGroup[] = [
  group('items', 'Items', {
    read: 'see items',
    create: 'post items',
    update: 'change items and take them back',
    decide: 'decide over items, assign and snooze them',
    comment: 'comment on items',
  }),
  group('item-types', 'Item types', {
    read: 'see item types',
    write: 'make and change item types',
  }),
  group('webhooks', 'Webhooks', {
    read: 'see webhooks and their deliveries',
    write: 'make and change webhooks',
  }),
  group('devices', 'Devices', {
    read: 'see devices',
    write: 'edit and remove devices',
    enroll: 'enrol devices',
  }),
  group('device-groups', 'Device groups', {
    read: 'see device groups',
    write: 'make device groups and say which devices are in them',
  }),
  group('runs', 'Runs', {
    read: 'see runs and their output',
    start: 'start stored tasks',
    exec: 'run commands and scripts',
    cancel: 'cancel runs',
  }),
  group('tasks', 'Tasks', { read: 'see tasks', write: 'make and change tasks' }),
  group('schedules', 'Schedules', { read: 'see schedules', write: 'make and change schedules' }),
  group('calendars', 'Calendars', { read: 'see calendars', write: 'make and change calendars' }),
  group('secrets', 'Secrets', {
    read: 'see which secrets there are',
    write: 'set and remove secrets',
  }),
  group('keys', 'API keys', { read: 'see API keys', write: 'make and remove API keys' }),
  group('users', 'Users', { read: 'see users', write: 'invite, change and remove users' }),
  group('groups', 'Groups', {
    read: 'see groups and their roles',
    write: 'change groups, their roles and who is in them',
  }),
  group('audit', 'Audit log', { read: 'read the audit log' }),
  group('organizations', 'Organizations', {
    read: 'see the organization',
    write: 'rename the organization',
    manage: 'make, disable and delete organizations',
  }),
  group('events', 'Events', { read: 'follow what happens' }),
  group('quiet', 'After a restore', {
    read: 'see whether the server waits after a restore',
    end: 'let a restored server go on',
  }),
  group('me', 'Oneself', {
    read: 'know who is signed in',
    write: 'change the own name, password and sessions',
  }),
]

/** What `verb` lets somebody do; one that is not known here stands for itself. */
export function verbWords(verb: string): string {
  const found = known.flatMap(({ verbs }) => verbs).find((each) => each.verb === verb)
  return found?.words ?? `do “${verb}”`
}

/** The given verbs by what they are about; those that are not known here come last. */
export function verbGroups(verbs: readonly string[]): VerbGroup[] {
  const groups = known.map((each) => ({
    ...each,
    verbs: each.verbs.filter(({ verb }) => verbs.includes(verb)),
  }))
  const words = known.flatMap((each) => each.verbs.map(({ verb }) => verb))
  const others = verbs.filter((verb) => !words.includes(verb))
  const nouns = [...new Set(others.map((verb) => verb.split('.')[0] ?? verb))]
  const unknown = nouns.map((noun) => ({
    noun,
    title: noun,
    verbs: others
      .filter((verb) => verb.startsWith(`${noun}.`))
      .map((verb) => ({ verb, words: verbWords(verb) })),
  }))
  return [...groups, ...unknown].filter((each) => each.verbs.length > 0)
}

/** All that this page knows of. */
export const allVerbs = known.flatMap(({ verbs }) => verbs.map(({ verb }) => verb))

function group(noun: string, title: string, words: Record<string, string>): VerbGroup {
  const verbs = Object.entries(words).map(([name, each]) => ({ verb: `${noun}.${name}`, words: each }))
  return { noun, title, verbs }
}
