interface Choice {
  value: string
  label: string
}

/** Languages that dates and numbers can be written in; any other tag that was set stays. */
const tags = [
  'cs',
  'da',
  'de',
  'de-AT',
  'de-CH',
  'en-GB',
  'en-US',
  'es',
  'fi',
  'fr',
  'fr-CH',
  'hu',
  'it',
  'ja',
  'ko',
  'nb',
  'nl',
  'pl',
  'pt',
  'pt-BR',
  'ro',
  'sv',
  'tr',
  'uk',
  'zh',
]

export function languageChoices(chosen: string): Choice[] {
  const all = chosen === '' || tags.includes(chosen) ? tags : [chosen, ...tags]
  return [
    { value: '', label: 'As the browser does' },
    ...all.map((tag) => ({ value: tag, label: languageName(tag) })),
  ]
}

export function timeZoneChoices(chosen: string): Choice[] {
  const known = Intl.supportedValuesOf('timeZone')
  const all = chosen === '' || known.includes(chosen) ? known : [chosen, ...known]
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone
  return [
    { value: '', label: `That of the browser (${own})` },
    ...all.map((zone) => ({ value: zone, label: zone.replaceAll('_', ' ') })),
  ]
}

function languageName(tag: string): string {
  try {
    return `${new Intl.DisplayNames('en', { type: 'language' }).of(tag) ?? tag} (${tag})`
  } catch {
    return tag
  }
}
