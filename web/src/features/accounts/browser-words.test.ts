import { expect, test } from 'vitest'
import { browserWords } from './browser-words'

test('a browser is told by its own name, not by those that it pretends to be', () => {
  const webkit = 'AppleWebKit/537.36 (KHTML, like Gecko)'
  const chrome = `Mozilla/5.0 (X11; Linux x86_64) ${webkit} Chrome/140.0.0.0 Safari/537.36`
  expect(browserWords(chrome)).toBe('Chrome on Linux')
  expect(browserWords(`${chrome} Edg/140.0`)).toBe('Edge on Linux')
  expect(browserWords('Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0')).toBe(
    'Firefox on Windows',
  )
  expect(
    browserWords('Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1'),
  ).toBe('Safari on iOS')
})

test('what is not known is shown as it is', () => {
  expect(browserWords('curl/8.5.0')).toBe('curl')
  expect(browserWords('something else')).toBe('something else')
  expect(browserWords('')).toBe('A browser that does not say what it is')
})
