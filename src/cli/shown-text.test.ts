import { expect, test } from 'vitest'
import { csvLine } from '../kit/csv.ts'
import { shownLines, shownText } from './shown-text.ts'

test('nothing of a line moves a cursor, sets a title, or runs backwards', () => {
  expect(shownText('a\u001b]0;owned\u0007b\r\n\u009b31m\u202egnp.exe\u200f\tc')).toBe(
    'a\u241b]0;owned\u2407b\u240d\u240a\ufffd31m\ufffdgnp.exe\ufffd\tc',
  )
})

test('lines stay lines', () => {
  expect(shownLines('a,b\r\n"c\u001b[2J",d\r\n')).toBe('a,b\r\n"c\u241b[2J",d\r\n')
  expect(shownLines('over\rwritten\n')).toBe('over\u240dwritten\n')
})

test('no cell of a CSV is a formula, and numbers stay numbers', () => {
  expect(csvLine(['=1+1', '@SUM(A1)', '-5', '+3.5e-7', '-cmd', '"q"', 'a,b'])).toBe(
    `'=1+1,'@SUM(A1),-5,+3.5e-7,'-cmd,"""q""","a,b"\r\n`,
  )
})
