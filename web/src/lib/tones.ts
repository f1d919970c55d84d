// Which mark goes with which state.
type Tone = 'good' | 'warn' | 'bad' | 'idle';

const TONES: Record<string, Record<string, Tone>> = {
  customer: { ACTIVE: 'good', AWAITING_AUTHORIZATION: 'warn', SUSPENDED_BY_CUSTOMER: 'warn', SUSPENDED_BY_BILLING: 'bad' },
  order: { SETTLED: 'good', WAITING: 'warn', OVERDUE: 'warn', OWING: 'bad', FROZEN: 'bad', PARKED: 'bad', PAUSED: 'warn' },
  service: { ACTIVE: 'good', FROZEN: 'bad', INACTIVE: 'idle', EXPIRED: 'idle' },
  payment: { SUCCEEDED: 'good', PROCESSING: 'warn', UNMATCHED: 'bad', FAILED: 'bad' },
  invoice: { PAID: 'good', OPEN: 'bad' },
  billed: { PAID: 'good', OPEN: 'warn', OVERDUE: 'bad' },
  message: { SENT: 'good', WAITING: 'warn', DEAD: 'bad' },
  delivery: { DELIVERED: 'good', WAITING: 'warn', DEAD: 'bad' },
  job: { WORKING: 'good', WAITING: 'idle', DEAD: 'bad' },
  run: { STOPPED: 'bad', DONE: 'good' },
  transaction: { PROCESSING: 'warn', SUCCEEDED: 'good', DENIED: 'bad' },
};

export const tone = (group: keyof typeof TONES & string, code: string): Tone => TONES[group]?.[code] ?? 'idle';
