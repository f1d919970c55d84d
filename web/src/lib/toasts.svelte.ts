// Short notes about what was done.
interface Toast { id: number; text: string }
const SHOWN_MS = 6000;
let next = 0;
const shown = $state<Toast[]>([]);
export const toasts = { get all() { return shown; } };

export function toast(text: string) {
  const id = next++;
  shown.push({ id, text });
  setTimeout(() => {
    const at = shown.findIndex((one) => one.id === id);
    if (at >= 0) shown.splice(at, 1);
  }, SHOWN_MS);
}
