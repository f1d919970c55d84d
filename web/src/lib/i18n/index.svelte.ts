// Words. English is always there; another language is loaded when it is asked for.
import { en } from './en';

export type Key = keyof typeof en;
export interface Forms { one?: string; few?: string; many?: string; other: string }
export type Texts = { [K in Key]: (typeof en)[K] extends string ? string : Forms };
type Values = Record<string, string | number>;

export const LANGUAGES = [['en', 'English'], ['uk', 'Українська']] as const;
// A pseudo-language that shows what would break from right to left.
const MIRRORED = 'ar-XB';
const KEPT = 'boxoffice-language';

let texts = $state.raw<Texts>(en);
let locale = $state('en');
let isMirrored = $state(false);

export const lang = {
  // Of dates and numbers: the browser's own where it speaks the same language.
  get locale() {
    const own = navigator.languages.find((one) => one.split('-')[0] === locale);
    return own ?? (locale === 'en' ? 'en-GB' : locale);
  },
  get code() { return isMirrored ? MIRRORED : locale; },
};

function wanted(): string {
  const asked = new URLSearchParams(location.search).get('lang');
  if (asked) localStorage.setItem(KEPT, asked);
  const kept = localStorage.getItem(KEPT);
  const list = kept ? [kept] : navigator.languages.map((one) => one.split('-')[0] ?? 'en');
  return list.find((one) => one === MIRRORED || LANGUAGES.some(([code]) => code === one)) ?? 'en';
}

export async function speak(language = wanted()) {
  isMirrored = language === MIRRORED;
  locale = language === 'uk' ? 'uk' : 'en';
  texts = locale === 'uk' ? (await import('./uk')).uk : en;
  document.documentElement.lang = locale;
  document.documentElement.dir = isMirrored ? 'rtl' : 'ltr';
}

export async function choose(language: string) {
  localStorage.setItem(KEPT, language);
  await speak(language);
}

// `{name}` is filled in; what stands in brackets is left out where one of its values is not known.
function fill(text: string, values: Values): string {
  const known = (part: string) => [...part.matchAll(/\{(\w+)\}/g)].every(([, name]) => values[name ?? ''] !== undefined);
  const whole = text.replace(/\[([^\]]*)\]/g, (_, part: string) => (known(part) ? part : ''));
  const filled = whole.replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place));
  return isMirrored ? `\u200f${filled}\u200f` : filled;
}

export function t(key: Key, values: Values = {}): string {
  const text = texts[key] as string | Forms;
  return fill(typeof text === 'string' ? text : text.other, values);
}

// With the form that goes with a number; `{n}` is the number, written as the language does.
export function tn(key: Key, n: number, values: Values = {}): string {
  const text = texts[key] as string | Forms;
  if (typeof text === 'string') return t(key, { n, ...values });
  const form = new Intl.PluralRules(locale).select(n) as keyof Forms;
  const shown = new Intl.NumberFormat(lang.locale).format(n);
  return fill(text[form] ?? text.other, { n: shown, ...values });
}

// A word that the box says, in the language of the page; what is new there is shown as it is.
export function word(group: string, code: string, values: Values = {}): string {
  const key = `${group}.${code}`;
  if (key in texts) return t(key as Key, values);
  const plain = code.toLowerCase().replaceAll('_', ' ');
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}
export const hasWord = (group: string, code: string): boolean => `${group}.${code}` in texts;
