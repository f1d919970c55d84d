// Who is signed in, what they may do, and the operator's currency, zone and clock.
import { call, Problem } from './api/client';
import type { Right, Who } from './api/types';

let who = $state<Who | null>(null);
let phase = $state<'asking' | 'out' | 'in' | 'unreachable'>('asking');
// By how much the box's clock is ahead of this one's; a test clock may be far off.
let ahead = 0;

function enter(answer: Who) {
  who = answer;
  ahead = Date.parse(answer.now) - Date.now();
  phase = 'in';
}

export const session = {
  get state() { return phase; },
  get who() { return who; },
  get provider() { return who?.provider ?? { name: 'Boxoffice', currency: 'EUR', time_zone: 'UTC', language: 'en' }; },
  now: () => Date.now() + ahead,
  async look() {
    try {
      enter(await call<Who>('/console/api/session', { quiet: true }));
    } catch (error) {
      phase = (error as { status?: number }).status === 401 ? 'out' : 'unreachable';
    }
  },
  // Whoever has a second factor is asked for its code once the password fits: `needsCode`.
  async signIn(name: string, password: string, code = '') {
    const body = { name, password, ...(code.trim() ? { code: code.trim() } : {}) };
    enter(await call<Who>('/console/api/session', { body, quiet: true }));
  },
  async signOut() {
    await call('/console/api/session', { method: 'DELETE', quiet: true }).catch(() => undefined);
    who = null;
    phase = 'out';
  },
};

// The password was right, and a code is wanted as well, or another one.
export const needsCode = (error: unknown): error is Problem =>
  error instanceof Problem && error.status === 401 && error.field === 'code';

export const may = (right: Right): boolean => who?.may.includes(right) ?? false;
