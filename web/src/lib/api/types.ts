// What the box says over /console/api: docs/console-api.md. Money is text with decimals, times are
// RFC 3339 in UTC.

export type Right =
  | 'customers_read' | 'customers_write' | 'services_write' | 'catalogue_read' | 'catalogue_write'
  | 'orders_read' | 'orders_write' | 'money_read' | 'money_write' | 'boxes_command'
  | 'resellers_write' | 'runs_release' | 'activity_read' | 'clock_move' | 'staff_manage' | 'apply'
  | 'time_give' | 'services_give' | 'running_prices_write' | 'vouchers_make' | 'debts_write_off'
  | 'audit_read';

export interface Who {
  name: string; role: string; may: Right[];
  provider: { name: string; currency: string; time_zone: string; language: string };
  now: string; test_clock: boolean;
  // What has to be done before anything else.
  must?: 'SECOND_FACTOR';
}

export interface Me {
  name: string; role: string;
  second_factor: { on: boolean; forced: boolean; since?: string; recovery_codes: number };
}
export interface BegunFactor { secret: string; uri: string; qr: { size: number; path: string } }
export interface RecoveryCodes { recovery_codes: string[] }
export interface Session {
  id: string; name: string; current: boolean; created: string; last_used: string; expires: string;
  address: string; agent: string;
}

export interface Sum { amount: string; currency: string }
export type Values = Record<string, string | number>;
export interface Because { code: string; values: Values }

export interface CustomerRow {
  id: number; name: string; login: string | null; phone: string | null; email: string | null;
  status: string; plan: string | null; paid_until: string | null; balance?: Sum[];
  boxes: number; online: number; created: string;
}
export interface CustomerPage { count: number; customers: CustomerRow[]; next: string | null; previous: string | null }

export interface Order {
  id: number; product: number; offer?: number; status: string; standing: string; cycles_paid: number;
  cycles_total: number; next_billing_cycle?: string; expires?: string; freezes?: string;
  services_by: string; title: string; price: string | null; currency: string | null; recurring?: boolean;
}
export interface OrderRow {
  id: number; customer: number; name: string; plan: string; product: number; status: string; standing: string;
  price: string | null; currency: string | null; next: { at: string; what: string } | null;
  expires: string | null; opened: string;
}
export interface OrderPage { count: number; orders: OrderRow[]; next: string | null; previous: string | null }
export interface OrderFigures {
  statuses: Record<string, number>; standings: Record<string, number>; plans: { id: number; title: string }[];
}
export interface InvoiceRow {
  number: number; printed_number: string; state: string; of: number | null; customer: number; name: string;
  product: string; total: string; tax: string; open: string; currency: string; issued: string; due: string | null;
}
export interface InvoicePage { count: number; invoices: InvoiceRow[]; next: string | null; previous: string | null }
export interface InvoiceFigures { all: number; open: number; overdue: number; settled: number; credit_notes: number }

export interface Service { id: number; title: string; status: string; expires: string | null; reasons: Because[] }
export interface Box {
  id: number; mac: string; on: boolean; online: boolean; address: string; version: string;
  last_active?: string; signed_in?: string; moves_often?: string; model?: string | null; watches?: string | null;
}
export interface Customer {
  id: number; name: string; login: string | null; phone: string | null; email: string | null;
  contract: string | null; status: string; language: string | null;
  reseller: { id: number; name: string } | null; created: string; note: string; version: string;
  watching: { may: boolean; reasons: Because[]; opens: Because[] };
  balance?: Sum[]; owed?: Sum[]; orders: Order[]; services: Service[]; is_cut: boolean;
  boxes: { devices_max: number; boxes: Box[] };
}

export interface Entry {
  at: string; kind: string; code: string; values: Values; by: string | null;
  changes: { field: string; before: string; after: string }[];
  link: { kind: string; id: number | string } | null;
}
export interface Timeline { entries: Entry[]; next: string | null }

export interface Hit {
  id?: number | string; name?: string; detail?: string; status?: string; mac?: string; customer?: number;
  number?: number; printed_number?: string; total?: string; currency?: string; state?: string;
}
export interface Found { groups: { kind: 'customers' | 'boxes' | 'invoices'; more: boolean; hits: Hit[] }[] }

export interface Offer {
  id: number; title: string; product: number; product_title: string; price: string | null;
  currency: string | null; term: { unit: string; count: string }; recurring: boolean; cycles: string;
}

export interface Payment {
  id: number; kind: string; state: string; customer?: number; name?: string; order?: number; of?: number;
  method: string; reference?: string; amount: string; currency: string; refunded: string;
  disputed: string; note: string; created: string; ended?: string; by?: string;
}
export interface Invoice {
  number: number; printed_number: string; state?: string; due?: string; product?: string;
  kind: string; of?: number; order: number; issued: string; currency: string; total: string; open: string;
}

export interface Turn<T> { before?: T; after?: T }
export interface Effect {
  customers: { id: number; status: Turn<string> }[];
  orders: {
    id?: number; title: string; status: Turn<string>; standing: Turn<string>;
    expires: Turn<string>; next_billing_cycle: Turn<string>;
  }[];
  services: { id?: number; title: string; status: Turn<string>; expires: Turn<string> }[];
  invoices: { number?: number; kind: string; total: string; currency: string; open: Turn<string> }[];
  payments: EffectPayment[];
  refunds: EffectPayment[];
  balance: { customer: number; currency: string; before: string; after: string }[];
  missing: { order?: number; title: string; standing: string; amount: string; currency: string }[];
  voucher_batches: {
    id?: number; title: string; count: number; amount: string; currency: string; total: string;
    used: Turn<number>; sold_count: Turn<number>; sold: Turn<string>; revoked: Turn<string>;
  }[];
  partner_transactions: {
    id?: number; kind: string; amount: string; currency: string; state: Turn<string>; refunded: Turn<string>;
  }[];
  partner_accounts: { account: string; currency: string; before: string; after: string }[];
  boxes: { told: number; events: number };
  letters: string[];
}
interface EffectPayment {
  id?: number; kind: string; method: string; amount: string; currency: string;
  state: Turn<string>; refunded: Turn<string>;
}
export interface Looked { preview: true; effect: Effect }

export interface Counts {
  renewed: number; overdue: number; reminded: number; frozen: number; suspended: number;
  expired: number; failed: number;
}
export interface Run {
  id: number; state: string; reason?: string; held_orders?: number; decides_at?: string;
  owners_told?: string; released_by?: string; started: string; ended: string; worked_ms: number;
  counts: Counts; invoiced: Sum[]; failures: { order: number; reason: string }[];
}
export interface Step {
  at: string; order: number; customer: number; name?: string; title?: string; step: string; amount?: string; currency?: string; reason?: string;
}
export interface Tonight {
  until: string; counts: Counts; invoiced: Sum[]; unpaid: Sum[]; steps_in_all: number; steps: Step[];
}

export interface Needs { items: { code: string; count: number; values: Values; link: string }[] }
export interface Movement {
  currency: string; starting: string; new: string; expansion: string; contraction: string; churn: string;
  ending: string; paying: number; joined: number; left: number;
}
export interface Revenue { days: { day: string; counted_at: string; movements: Movement[] }[] }
export interface Figures { customers: Record<string, number>; online?: number | null }

export interface Message {
  id: number; customer: number; name?: string; about: string; invoice?: number; order?: number; channel?: string;
  state: string; attempts: number; created: string; due?: string; ended?: string; problem?: string;
}
export interface Batch {
  id: number; title: string; amount: string; currency: string; count: number; used: number;
  returned: number; sold_count: number; sold: string; redeemed: string; given_away: string;
  outstanding: string; booked_by: string; by: string; created: string; expires?: string;
  revoked?: string; codes?: string[];
}
export interface Operator {
  name: string; role: string; email?: string; reseller?: number; made_by: string; created: string; second_factor: boolean;
}
export interface Token {
  jti: string; name: string; role: string; made_by: string; created: string; expires: string;
  revoked?: string; token?: string;
}
export interface Webhook {
  id: number; url: string; description: string; events: string[]; on: boolean; waiting_max: number;
  waiting?: number; made_by: string; created: string; secret?: string; old_secret_until?: string;
}
export interface Delivery {
  id: number; event: string; type: string; object: string; object_id: number; state: string;
  attempts: number; created: string; due?: string; ended?: string; status?: number; problem?: string;
}
export interface Job {
  name: string; state: string; since?: string; next?: string; turns: number; errors: number;
  last?: { start: string; milliseconds: number }; last_error?: { at: string; text: string };
}
export interface AuditLine {
  id: number; at: string; by: string; who: string; dialect: string; request: string; action: string;
  of: string; changes: { field: string; before: string; after: string }[];
}
export interface AuditPage { lines: AuditLine[]; next?: number }
export interface Partner {
  key: string; name: string; on: boolean; hasKey: boolean; oldKeyUntil?: string;
  products: { code: string; title: string }[]; currencies: string[]; refunds: boolean;
  pinPolicy: string; perChargeLimit?: string; monthlyLimit?: string; share: string;
  requestsPerSecond: number; madeBy: string; agreed: boolean; apiKey?: string;
}
export interface Settlement {
  partner: string; month: string; from: string; until: string;
  sums: {
    currency: string; charges: number; refunds: number; charged: string; refunded: string;
    tax: string; payable: string; kept: string; entry?: number;
  }[];
  closed?: { at: string; by: string; lines: number; linesHash: string };
}
export interface Transaction {
  id: number; transactionID: string; type: string; status: string; customer: number; name?: string; amount: string;
  currency: string; description: string; created: string; attempts: number; due?: string; flagged: boolean;
}
