// Talks to the box. A session that ended, or a password that is wanted once more, is asked for in
// place, and the request goes on.

export class Problem extends Error {
  readonly status: number;
  readonly detail: string;
  readonly request: string;
  readonly field: string | null;

  constructor(status: number, body: { detail?: string; field?: string; request?: string }, request: string) {
    const detail = body.detail ?? '';
    // "amount: must be …" names the field where the answer does not.
    const named = /^([a-z][A-Za-z_]*)(?:\.[\w.]+)?: (.*)$/s.exec(detail);
    super(named?.[2] ?? detail);
    this.status = status;
    this.detail = named?.[2] ?? detail;
    this.field = body.field ?? named?.[1] ?? null;
    this.request = body.request ?? request;
  }
}

export type Again = 'session' | 'password' | 'code';
// Answers the password once more, or a code in its place, or null if the person leaves it.
type Asker = (why: Again, wrong: boolean) => Promise<string | null>;
let asker: Asker | null = null;
export const onAsk = (ask: Asker | null) => { asker = ask; };

interface Wish { body?: unknown; key?: string; version?: string; method?: string; quiet?: boolean }

async function once(path: string, wish: Wish): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json' };
  const method = wish.method ?? (wish.body === undefined ? 'GET' : 'POST');
  if (method !== 'GET') headers['x-boxoffice'] = '1';
  if (wish.body !== undefined) headers['content-type'] = 'application/json';
  if (wish.key) headers['idempotency-key'] = wish.key;
  if (wish.version) headers['if-match'] = `"${wish.version}"`;
  const body = wish.body === undefined ? null : JSON.stringify(wish.body);
  try {
    return await fetch(path, { method, headers, body, credentials: 'same-origin' });
  } catch {
    throw new Problem(0, {}, '');
  }
}

async function problem(answer: Response): Promise<Problem> {
  const body = await answer.json().catch(() => ({}));
  return new Problem(answer.status, body, answer.headers.get('x-request-id') ?? '');
}

export async function call<T>(path: string, wish: Wish = {}): Promise<T> {
  let sent = wish;
  let wrong = false;
  for (;;) {
    const answer = await once(path, sent);
    if (answer.ok) {
      if (answer.status === 204) return undefined as T;
      return (await answer.json()) as T;
    }
    const refused = await problem(answer);
    const why = again(answer.status, refused);
    if (!why || !asker || wish.quiet) throw refused;
    const given = await asker(why, wrong);
    if (given === null) throw refused;
    if (why !== 'session') {
      sent = { ...wish, body: { ...(wish.body as object | undefined), [why]: given } };
      wrong = true;
    }
  }
}

function again(status: number, refused: Problem): Again | null {
  if (status === 401) return 'session';
  if (status !== 403) return null;
  return refused.field === 'password' || refused.field === 'code' ? refused.field : null;
}

export const get = <T>(path: string) => call<T>(path);
export const post = <T>(path: string, body: unknown, key?: string) => call<T>(path, { body, ...(key ? { key } : {}) });
export const put = <T>(path: string, body: unknown, version?: string) =>
  call<T>(path, { method: 'PUT', body, ...(version ? { version } : {}) });
export const remove = <T>(path: string, body?: unknown) =>
  call<T>(path, { method: 'DELETE', ...(body === undefined ? {} : { body }) });

// A key under which a repeat moves nothing a second time. Also where the page is not served over
// TLS, which has no randomUUID.
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
