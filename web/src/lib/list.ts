// Lists whose filter and place stand in the page's address, under the names that the box knows.
import { here } from './router.svelte';

// What the box is asked for a page; without `cursor` for a file of all rows.
export function asked(path: string, names: readonly string[], more: Record<string, string> = {}): string {
  const query = new URLSearchParams(more);
  for (const name of names) {
    const value = here.query.get(name);
    if (value) query.set(name, value);
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

// Takes other filters out of the address: for those that go with no other.
export const without = (names: readonly string[]): Record<string, null> =>
  Object.fromEntries([...names, 'cursor', 'do'].map((name) => [name, null]));
