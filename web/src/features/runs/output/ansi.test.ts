import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { colours } from './style'

const sheets = ['ansi', 'viewer'].map((name) =>
  readFileSync(new URL(`./${name}.module.css`, import.meta.url), 'utf8'),
)
const ansi = sheets[0] ?? ''
/** Every variable with its colour in light and in dark. */
const pairs = sheets.flatMap((sheet) =>
  [...sheet.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(([, name = '', light, dark]) => ({
    name,
    shades: [light, dark].map((shade) => shade ?? ''),
  })),
)

test('each of the sixteen has an ink and a paper', () => {
  for (const colour of colours) {
    expect(ansi).toMatch(
      new RegExp(`\\.${colour} {\\n {2}--ink: var\\(--[a-z-]+\\);\\n {2}color: var\\(--ink\\)`),
    )
    expect(ansi).toMatch(new RegExp(`\\.${colour}Paper[ ,]`))
  }
  expect(pairs.filter(({ name }) => !/paper|row/.test(name))).toHaveLength(16)
})

test('every ink can be read on every paper, in light and dark', () => {
  const papers = pairs.filter(({ name }) => name.endsWith('paper'))
  expect(papers).toHaveLength(10)
  const inks = [
    ...pairs.filter(({ name }) => !name.endsWith('paper')),
    // From the theme: text, and what is dimmed.
    { name: 'text', shades: ['#000000', '#dfe1e6'] },
    { name: 'dimmed', shades: ['#565d66', '#a3a9b5'] },
  ]
  const unreadable = inks.flatMap((ink) =>
    papers.flatMap((paper) =>
      [0, 1].flatMap((scheme) => {
        const contrast = contrastOf(ink.shades[scheme] ?? '', paper.shades[scheme] ?? '')
        return contrast < 4.5
          ? [`${ink.name} on ${paper.name}, ${['light', 'dark'][scheme]}: ${contrast}`]
          : []
      }),
    ),
  )
  expect(unreadable).toEqual([])
})

/** As WCAG 2 has it. */
function contrastOf(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (high + 0.05) / (low + 0.05)
}

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
