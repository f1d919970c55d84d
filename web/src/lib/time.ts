// Instants in the operator's zone. Absolute first; how long ago stands beside it.
import { lang } from './i18n/index.svelte';
import { session } from './session.svelte';

const made = new Map<string, Intl.DateTimeFormat>();
function format(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const timeZone = session.provider.time_zone;
  const key = lang.locale + timeZone + JSON.stringify(options);
  let one = made.get(key);
  if (!one) {
    try {
      one = new Intl.DateTimeFormat(lang.locale, { timeZone, ...options });
    } catch {
      one = new Intl.DateTimeFormat(lang.locale, { timeZone: 'UTC', ...options });
    }
    made.set(key, one);
  }
  return one;
}

const yearOf = (at: Date) => format({ year: 'numeric' }).format(at);
const isThisYear = (at: Date) => yearOf(at) === yearOf(new Date(session.now()));

export function day(text: string): string {
  const at = new Date(text);
  return format({ day: 'numeric', month: 'short', ...(isThisYear(at) ? {} : { year: 'numeric' }) }).format(at);
}

export function longDay(text: string): string {
  const at = new Date(text);
  const year = isThisYear(at) ? {} : { year: 'numeric' as const };
  return format({ weekday: 'long', day: 'numeric', month: 'long', ...year }).format(at);
}

// A day that is written as one, of whatever zone.
export const date = (text: string): string => {
  const at = new Date(`${text}T00:00:00Z`);
  const year = text.slice(0, 4) === yearOf(new Date(session.now())) ? {} : { year: 'numeric' as const };
  return format({ timeZone: 'UTC', day: 'numeric', month: 'short', ...year }).format(at);
};

export const clock = (text: string): string =>
  format({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(new Date(text));

export const moment = (text: string): string => `${day(text)}, ${clock(text)}`;

// Year, month and day in the operator's zone, as date fields have them.
export function dateOf(at: number): string {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: session.provider.time_zone, year: 'numeric', month: '2-digit', day: '2-digit',
  }).format(new Date(at));
  return parts;
}

// The last second of a day of the operator's zone, where the clocks may change that day.
export function endOfDay(date: string): string {
  const wanted = Date.parse(`${date}T23:59:59Z`);
  const zoned = new Intl.DateTimeFormat('sv-SE', {
    timeZone: session.provider.time_zone, dateStyle: 'short', timeStyle: 'medium',
  });
  // How far the zone's clock is ahead there, found at a time near enough.
  const ahead = (at: number) => Date.parse(`${zoned.format(at).replace(' ', 'T')}Z`) - at;
  const near = wanted - ahead(wanted);
  return new Date(wanted - ahead(near)).toISOString();
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_557_600], ['month', 2_629_800], ['day', 86_400], ['hour', 3600], ['minute', 60],
];

export function ago(text: string): string {
  const seconds = (Date.parse(text) - session.now()) / 1000;
  const relative = new Intl.RelativeTimeFormat(lang.locale, { numeric: 'auto', style: 'short' });
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
  }
  return relative.format(0, 'minute');
}
