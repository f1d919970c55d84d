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

function decimals(currency: string): number {
  try {
    return new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
  } catch {
    return 2;
  }
}

// What was typed as the box takes it: a comma or blanks are nobody's mistake. "1,200" and "1.200"
// may be one or a thousand: nobody guesses at money, so the box gets a comma and says what it takes.
export function typed(text: string, currency: string): string {
  const plain = text.replace(/[\s\u00a0'’]/g, '');
  const parts = /^(\d+)[.,](\d+)$/.exec(plain);
  const [, whole = '', rest = ''] = parts ?? [];
  if (!parts) return plain;
  return rest.length > decimals(currency) ? `${whole},${rest}` : `${whole}.${rest}`;
}

export const isSum = (text: string): boolean => /^\d+(\.\d+)?$/.test(text) && !isZero(text);

export const count = (n: number): string => new Intl.NumberFormat(lang.locale).format(n);

// One amount less another, digit by digit as whole numbers.
export function difference(one: string, other: string): string {
  const places = Math.max(...[one, other].map((text) => (text.split('.')[1] ?? '').length));
  const whole = (text: string) => {
    const [front = '0', rest = ''] = text.split('.');
    return BigInt(front + rest.padEnd(places, '0'));
  };
  const minor = whole(one) - whole(other);
  const digits = (minor < 0n ? -minor : minor).toString().padStart(places + 1, '0');
  const front = digits.slice(0, digits.length - places);
  return `${minor < 0n ? '-' : ''}${front}${places ? `.${digits.slice(-places)}` : ''}`;
}
