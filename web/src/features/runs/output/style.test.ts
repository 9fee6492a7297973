import { expect, test } from 'vitest'
import { plainStyle, styleAfter, type TextStyle } from './style'

const after = (parameters: string, style: TextStyle = plainStyle) => styleAfter(style, parameters)
const plainBut = (changed: Partial<TextStyle>) => ({ ...plainStyle, ...changed })

test('colours and manners of writing add up', () => {
  expect(after('1;31;44')).toEqual(plainBut({ bold: true, ink: 'red', paper: 'blue' }))
  expect(after('2;3;4;7;9')).toEqual(
    plainBut({ faint: true, italic: true, underline: true, inverse: true, strike: true }),
  )
  expect(after('97;100')).toEqual(plainBut({ ink: 'brightWhite', paper: 'brightBlack' }))
})

test('each of them can be taken back alone, and all with 0 or nothing', () => {
  const everything = after('1;2;3;4;7;9;31;41')
  expect(after('22;23;24;27;29;39;49', everything)).toBe(plainStyle)
  expect(after('39', everything)).toEqual({ ...everything, ink: null })
  expect(after('0', everything)).toBe(plainStyle)
  expect(after('', everything)).toBe(plainStyle)
  expect(after('31;;1')).toEqual(plainBut({ bold: true }))
})

test('what is not on the list has no effect, and what follows it has', () => {
  expect(after('5;6;8;10;21;53;31;999')).toEqual(plainBut({ ink: 'red' }))
})

test('the palette of 256 begins with the sixteen and goes on with what is near them', () => {
  expect(after('38;5;1;48;5;12')).toEqual(plainBut({ ink: 'red', paper: 'brightBlue' }))
  expect(after('38;5;196').ink).toBe('brightRed')
  expect(after('38;5;16').ink).toBe('black')
  expect(after('38;5;244').ink).toBe('brightBlack')
  expect(after('38;5;255').ink).toBe('white')
  expect(after('38;5;214').ink).toBe('yellow')
})

test('a colour by its parts becomes the nearest of the sixteen', () => {
  expect(after('38;2;250;10;5;1')).toEqual(plainBut({ ink: 'brightRed', bold: true }))
  expect(after('48;2;0;0;230').paper).toBe('blue')
})

test('a colour that is not there or not whole has no effect', () => {
  expect(after('38;5;256;1')).toEqual(plainBut({ bold: true }))
  expect(after('38;2;1;2;300;1')).toEqual(plainBut({ bold: true }))
  expect(after('1;38;5')).toEqual(plainBut({ bold: true }))
  expect(after('38;2;1;2')).toBe(plainStyle)
  expect(after('38;7;1')).toBe(plainStyle)
})
