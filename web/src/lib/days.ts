// Days of the operator's calendar, written as date fields have them, and stretches of them.
import { t } from './i18n/index.svelte';
import { session } from './session.svelte';
import { date, dateOf } from './time';

export interface Days { since: string | null; until: string | null }

const plus = (text: string, days: number): string => new Date(Date.parse(`${text}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
const month = (text: string, by: number): string => {
  const [year = 1970, number = 1] = text.split('-').map(Number);
  return new Date(Date.UTC(year, number - 1 + by, 1)).toISOString().slice(0, 10);
};

export const today = (): string => dateOf(session.now());
export const ahead = (days: number): Days => ({ since: today(), until: plus(today(), days - 1) });
export const tomorrow = (): Days => ({ since: plus(today(), 1), until: plus(today(), 1) });
export const monthOf = (by: number): Days => ({ since: month(today(), by), until: plus(month(today(), by + 1), -1) });
export const yearOf = (): Days => ({ since: `${today().slice(0, 4)}-01-01`, until: `${today().slice(0, 4)}-12-31` });

export function shown({ since, until }: Days): string {
  if (since && since === until) return date(since);
  if (since && until) return t('days.between', { since: date(since), until: date(until) });
  return since ? t('days.since', { since: date(since) }) : t('days.until', { until: date(until ?? today()) });
}
