// What an act does, as the box worked it out, in lines that a person reads. Nothing is reckoned here.
import type { Effect, Turn } from './api/types';
import { t, tn, word } from './i18n/index.svelte';
import { isZero, money } from './money';
import { moment } from './time';

export interface Line { text: string; amount?: string }

const changed = <T>(turn: Turn<T>): boolean => turn.before !== turn.after;
const until = (at: string | undefined): string => (at ? t('effect.until', { at: moment(at) }) : '');

function orderLine(order: Effect['orders'][number]): string | null {
  const { title } = order;
  const after = order.standing.after;
  const end = until(order.expires.after ?? order.next_billing_cycle.after);
  if (order.status.before === undefined) return t('effect.order_begins', { title, until: end });
  if (changed(order.status) && order.status.after !== 'ACTIVE' && order.status.after !== 'INACTIVE') {
    return t('effect.order_ends', { title });
  }
  if (changed(order.standing)) {
    if (after === 'SETTLED') return t('effect.order_opens', { title, until: end });
    if (after === 'PAUSED') return t('effect.order_pauses', { title });
    if (after === 'FROZEN' || after === 'PARKED') return t('effect.order_freezes', { title });
    return t('effect.order_becomes', { title, standing: word('standing', after ?? '') });
  }
  if (changed(order.expires) && order.expires.after) return t('effect.order_lasts', { title, until: end });
  if (changed(order.next_billing_cycle) && order.next_billing_cycle.after) {
    return t('effect.order_next', { title, at: moment(order.next_billing_cycle.after) });
  }
  return null;
}

// Services that have the same happen to them stand in one line.
function serviceLines(services: Effect['services']): string[] {
  const titles = (list: Effect['services']) => list.map((one) => one.title).join(', ');
  const turned = services.filter((one) => changed(one.status));
  const on = turned.filter((one) => one.status.after === 'ACTIVE');
  const off = turned.filter((one) => one.status.after !== 'ACTIVE');
  const kept = services.filter((one) => !changed(one.status) && changed(one.expires) && one.expires.after);
  const ends = [...new Set(kept.map((one) => one.expires.after ?? ''))];
  return [
    ...(on.length ? [t('effect.service_on', { title: titles(on) })] : []),
    ...(off.length ? [t('effect.service_off', { title: titles(off) })] : []),
    ...ends.map((end) => t('effect.service_lasts', { title: titles(kept.filter((one) => one.expires.after === end)), until: until(end) })),
  ];
}

function invoiceLine(invoice: Effect['invoices'][number]): Line {
  const number = invoice.number ? ` ${invoice.number}` : '';
  const sum = (amount: string) => money(amount, invoice.currency);
  const { before, after } = invoice.open;
  if (invoice.kind === 'CREDIT_NOTE') return { text: t('effect.credit_note', { number }), amount: sum(invoice.total) };
  if (before === undefined && after !== undefined && isZero(after)) return { text: t('effect.invoice_made_paid', { number }), amount: sum(invoice.total) };
  if (before === undefined) return { text: t('effect.invoice_made', { number }), amount: sum(invoice.total) };
  if (after === undefined || isZero(after)) return { text: t('effect.invoice_paid', { number }), amount: sum(before) };
  return { text: t('effect.invoice_open', { number, before: sum(before) }), amount: sum(after) };
}

export function linesOf(effect: Effect): Line[] {
  const lines: Line[] = [];
  const add = (text: string | null, amount?: string) => {
    if (text) lines.push(amount === undefined ? { text } : { text, amount });
  };
  for (const one of effect.payments) {
    if (one.state.before === undefined) add(t('effect.payment', { method: word('method', one.method) }), money(one.amount, one.currency));
  }
  for (const one of effect.refunds) {
    if (one.state.before === undefined) add(t('effect.refund', { method: word('method', one.method) }), money(one.amount, one.currency));
  }
  for (const one of effect.invoices) lines.push(invoiceLine(one));
  for (const one of effect.orders) add(orderLine(one));
  for (const line of serviceLines(effect.services)) add(line);
  for (const one of effect.customers) {
    if (one.status.after) add(t('effect.customer', { status: word('customer_status', one.status.after) }));
  }
  for (const one of effect.balance) {
    add(t('effect.balance', { before: money(one.before, one.currency) }), money(one.after, one.currency));
  }
  for (const one of effect.missing) add(t('effect.missing', { title: one.title }), money(one.amount, one.currency));
  for (const one of effect.voucher_batches) {
    if (one.revoked.after && !one.revoked.before) add(t('effect.batch_revoked', { title: one.title }));
    else if (one.sold.before === undefined) add(tn('effect.batch_made', one.count, { title: one.title }), money(one.total, one.currency));
    else if (changed(one.sold_count)) {
      add(t('effect.batch_sold', { title: one.title, before: one.sold_count.before ?? 0, after: one.sold_count.after ?? 0 }), money(one.sold.after ?? '0', one.currency));
    }
  }
  for (const one of effect.partner_transactions) {
    add(t('effect.transaction', { id: one.id ?? '', state: word('transaction', one.state.after ?? '') }), money(one.amount, one.currency));
  }
  for (const one of effect.partner_accounts) {
    add(t('effect.account', { account: one.account, before: money(one.before, one.currency) }), money(one.after, one.currency));
  }
  if (effect.boxes.told > 0) add(tn('effect.boxes', effect.boxes.told));
  for (const kind of effect.letters) add(t('effect.letter', { kind: word('letter', kind) }));
  return lines;
}

// Whether something opens that was closed: the button says so.
export const opens = (effect: Effect): boolean =>
  effect.orders.some((one) => one.status.before !== undefined && changed(one.standing) && one.standing.after === 'SETTLED')
  || effect.customers.some((one) => one.status.after === 'ACTIVE' && changed(one.status));
