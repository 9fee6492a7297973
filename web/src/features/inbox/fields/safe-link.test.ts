import { expect, test } from 'vitest'
import { safeLink, safePicture } from './safe-link'

test.each([
  ['https://example.org/a?b=c#d', 'https://example.org/a?b=c#d'],
  [' http://example.org/ ', 'http://example.org/'],
  ['HTTPS://EXAMPLE.org', 'https://example.org/'],
  ['/files/1', '/files/1'],
])('a link may be made of %j', (text, href) => {
  expect(safeLink(text)).toBe(href)
})

test.each([
  'javascript:alert(1)',
  'JavaScript:alert(1)',
  ' javascript:alert(1)',
  'java\nscript:alert(1)',
  '\u0001javascript:alert(1)',
  'javascript://example.org/%0aalert(1)',
  'data:text/html,<script>alert(1)</script>',
  'vbscript:msgbox(1)',
  'file:///etc/passwd',
  'blob:https://example.org/1',
  'ftp://example.org/',
  'mailto:ana@example.org',
  'https:example.org',
  'https://',
  'example.org',
  '',
])('no link is made of %j', (text) => {
  expect(safeLink(text)).toBeNull()
})

test('what looks like a path and is another host is no link', () => {
  for (const text of ['//evil.example/a', '/\\evil.example', '/\t/evil.example', '/\n\\evil.example']) {
    expect(safeLink(text), text).toBeNull()
  }
})

test('a picture is shown from here or over https, where its name says that it is one', () => {
  expect(safePicture('https://example.org/a.PNG?x=1')).toBe('https://example.org/a.PNG?x=1')
  expect(safePicture('/files/a.webp')).toBe('/files/a.webp')
  expect(safePicture('http://example.org/a.png')).toBeNull()
  expect(safePicture('https://example.org/a.html')).toBeNull()
  expect(safePicture('data:image/png;base64,AAAA')).toBeNull()
  expect(safePicture('javascript:alert(1)//.png')).toBeNull()
})

test('a picture without such a name is shown where the schema says that it is one', () => {
  expect(safePicture('https://example.org/photo/7', true)).toBe('https://example.org/photo/7')
  expect(safePicture('javascript:alert(1)', true)).toBeNull()
})
