// Amounts are texts with decimals, as the box sends them; nothing is ever reckoned with floats.
import { lang } from './i18n/index.svelte';
import type { Sum } from './api/types';

export function money(amount: string, currency: string): string {
  const style = { style: 'currency', currency, currencyDisplay: 'narrowSymbol' } as const;
  try {
    // Texts keep every digit; the types know numbers only.
    return new Intl.NumberFormat(lang.locale, style).format(amount as unknown as number);
  } catch {
    return `${amount} ${currency}`;
  }
}

export const sums = (list: Sum[]): string =>
  list.map((sum) => money(sum.amount, sum.currency)).join(' · ');

export const isNegative = (amount: string): boolean => amount.startsWith('-');
export const isZero = (amount: string): boolean => /^-?[0.]*$/.test(amount);
export const positive = (amount: string): string => amount.replace(/^-/, '');

// What was typed as the box takes it: a comma or blanks are nobody's mistake.
export function typed(text: string): string {
  const plain = text.replace(/[\s\u00a0'’]/g, '');
  return /^\d+,\d{1,3}$/.test(plain) ? plain.replace(',', '.') : plain;
}

export const count = (n: number): string => new Intl.NumberFormat(lang.locale).format(n);
