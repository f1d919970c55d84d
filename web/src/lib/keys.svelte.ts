// Keys that do something, as long as nobody types into a field. `?` lists what is bound now.
import { untrack } from 'svelte';
import type { Key } from './i18n/index.svelte';

export interface Shortcut { keys: string; label: Key; run: () => void }

const bound = $state<Shortcut[]>([]);
export const shortcuts = { get all() { return bound; } };

// For an effect: binds, and answers what takes it back.
export function bind(...list: Shortcut[]): () => void {
  untrack(() => bound.push(...list));
  return () => untrack(() => {
    for (const one of list) {
      const at = bound.findIndex((other) => other.keys === one.keys && other.run === one.run);
      if (at >= 0) bound.splice(at, 1);
    }
  });
}

const TYPED = 'input, textarea, select, [contenteditable], [role="menu"]';
const SEQUENCE_MS = 1500;
let first = { key: '', at: 0 };

export function onKey(event: KeyboardEvent) {
  if (event.defaultPrevented || event.altKey || event.isComposing) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
    const find = bound.find((one) => one.keys === '/');
    if (find) { event.preventDefault(); find.run(); }
    return;
  }
  if (event.ctrlKey || event.metaKey) return;
  const target = event.target as Element | null;
  if (target?.closest?.(TYPED) || document.querySelector('dialog[open]')) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const follows = first.key && event.timeStamp - first.at < SEQUENCE_MS;
  const wanted = follows ? `${first.key} ${key}` : key;
  first = { key: '', at: 0 };
  const found = bound.findLast((one) => one.keys === wanted);
  if (found) {
    event.preventDefault();
    found.run();
  } else if (bound.some((one) => one.keys.startsWith(`${key} `))) {
    first = { key, at: event.timeStamp };
  }
}
