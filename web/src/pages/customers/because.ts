// The values of a reason as they are read: instants in the operator's zone, sums with their sign.
import type { Values } from '$lib/api/types';
import { word } from '$lib/i18n/index.svelte';
import { money } from '$lib/money';
import { day, moment } from '$lib/time';

const INSTANT = /^\d{4}-\d\d-\d\dT/;
// Instants that are the beginning of a day are read as days.
const AS_DAYS = ['since', 'until', 'ended', 'due', 'expires', 'last_day', 'freezes', 'from', 'to'];
const SUMS = ['amount', 'total', 'open', 'before', 'after', 'balance', 'missing'];

export function wording(values: Values): Values {
  const currency = typeof values['currency'] === 'string' ? values['currency'] : null;
  const read = (name: string, value: string | number): string | number => {
    const text = String(value);
    if (INSTANT.test(text)) return AS_DAYS.includes(name) ? day(text) : moment(text);
    if (currency && SUMS.includes(name) && /^-?\d+(\.\d+)?$/.test(text)) return money(text, currency);
    if (name === 'method') return word('method', text);
    if (name === 'channel') return word('channel', text);
    if (name === 'kind' || name === 'about') return word('letter', text);
    if (name === 'status') return word('customer_status', text);
    if (name === 'state') return word('message_state', text);
    // What something was and became.
    if (name === 'from' || name === 'to') return word('customer_status', text.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase());
    return value;
  };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, read(name, value)]));
}
