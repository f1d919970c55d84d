// After an upgrade the parts of the page that were not loaded yet are gone: it is loaded anew, once.
const RELOADED = 'boxoffice-reloaded-at';
const AGAIN_AFTER_MS = 60_000;

export function reloadOnceAfterUpgrade() {
  window.addEventListener('vite:preloadError', (event) => {
    const last = Number(sessionStorage.getItem(RELOADED) ?? 0);
    if (Date.now() - last < AGAIN_AFTER_MS) return;
    event.preventDefault();
    sessionStorage.setItem(RELOADED, String(Date.now()));
    location.reload();
  });
}
