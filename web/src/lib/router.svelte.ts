// Where the page is. The address is the state: what stands in it can be sent to a colleague.

const place = $state({ path: location.pathname, query: location.search });

function read() {
  place.path = location.pathname;
  place.query = location.search;
}
window.addEventListener('popstate', read);

export const here = {
  get path() { return place.path; },
  get query() { return new URLSearchParams(place.query); },
  get search() { return place.query; },
};

export function go(to: string, how: { replace?: boolean; dialog?: boolean } = {}) {
  if (to === place.path + place.query) return;
  const state = how.dialog ? { dialog: true } : null;
  if (how.replace) history.replaceState(state, '', to);
  else history.pushState(state, '', to);
  read();
}

// The same page with other parameters; `null` takes one out.
export function withQuery(changes: Record<string, string | null | undefined>, path = place.path): string {
  const query = new URLSearchParams(place.query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === '') query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

// Dialogs are parameters: `?do=pay` opens one; back and Escape leave it.
const DIALOG = ['do', 'of', 'box'];

export function openDialog(what: string, more: { of?: string; box?: string } = {}) {
  go(withQuery({ do: what, of: more.of ?? null, box: more.box ?? null }), { dialog: true });
}

export function closeDialog() {
  if (!here.query.has('do')) return;
  if (history.state?.dialog) history.back();
  else go(withQuery(Object.fromEntries(DIALOG.map((name) => [name, null]))), { replace: true });
}

// Links inside the console change the page without loading it anew.
export function followLinks(event: MouseEvent) {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element | null)?.closest('a');
  if (!link || link.target || link.hasAttribute('download')) return;
  const url = new URL(link.href);
  const ours = url.origin === location.origin && url.pathname.startsWith('/console/');
  if (!ours || url.pathname.startsWith('/console/api/') || url.hash) return;
  event.preventDefault();
  go(url.pathname + url.search);
}
