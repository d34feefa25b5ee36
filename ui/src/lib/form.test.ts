import { expect, it } from 'vitest';
import { caretInGroups, groupIdNumber, isComplete, provinceOf, tidyIdNumber } from './form';

it('reads an ID number however it was typed', () => {
  for (const typed of ['110105 19491231 002x', '11010519491231002X', '１１０１０５１９４９１２３１００２ｘ', '110105-19491231-002X ']) {
    expect(tidyIdNumber(typed)).toBe('11010519491231002X');
  }
  expect(tidyIdNumber('1101051949123100222222')).toHaveLength(18);
  expect(tidyIdNumber('不是号码')).toBe('不是号码');
});

it('shows it in the groups of the card while it grows', () => {
  expect(groupIdNumber('')).toBe('');
  expect(groupIdNumber('110105')).toBe('110105');
  expect(groupIdNumber('1101051')).toBe('110105 1');
  expect(groupIdNumber('11010519491231002X')).toBe('110105 19491231 002X');
});

it('keeps the caret behind the character it stood behind', () => {
  const tidy = '11010519491231002X';
  for (let before = 0; before <= tidy.length; before++) {
    const shown = groupIdNumber(tidy).slice(0, caretInGroups(before));
    expect(tidyIdNumber(shown)).toBe(tidy.slice(0, before));
  }
});

it('asks for a check only when the number can be whole', () => {
  expect(isComplete('11010519491231002')).toBe(false);
  expect(isComplete('11010519491231002X')).toBe(true);
});

it('suggests the province of the number', () => {
  expect(provinceOf('4405')).toBe('440000');
  expect(provinceOf('4')).toBe('');
  expect(provinceOf('王')).toBe('');
});
