import { type CSSVariablesResolver, createTheme } from '@mantine/core'

/** Shade 8 and the darker greys: Mantine's own are too pale for text (WCAG AA asks for 4.5 to 1). */
export const theme = createTheme({
  primaryColor: 'indigo',
  primaryShade: 8,
  autoContrast: true,
  defaultRadius: 'md',
  colors: {
    // From text to the deepest background; a little blue, so that the greys fit the primary colour.
    dark: [
      '#dfe1e6',
      '#b6bbc6',
      '#a3a9b5',
      '#6b7280',
      '#3a3f4b',
      '#282c35',
      '#1e2128',
      '#16181d',
      '#111318',
      '#0c0d11',
    ],
  },
  cursorType: 'pointer',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
  headings: { fontWeight: '650', sizes: { h1: { fontSize: '1.5rem' }, h2: { fontSize: '1.125rem' } } },
})

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#565d66',
    '--mantine-color-placeholder': '#697077',
    '--mantine-color-error': '#c92a2a',
    '--mantine-color-anchor': '#364fc7',
  },
  dark: {
    '--mantine-color-dimmed': '#a3a9b5',
    '--mantine-color-placeholder': '#979da9',
    '--mantine-color-error': '#ff8787',
    '--mantine-color-anchor': '#91a7ff',
  },
})
