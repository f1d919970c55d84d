// Every page: its address, who may see it, where it stands in the navigation.
import type { Component } from 'svelte';
import type { Right } from '$lib/api/types';
import type { Key } from '$lib/i18n/index.svelte';

type Page = () => Promise<{ default: Component<any> }>;
export interface Route {
  path: string; page: Page; right?: Right;
  // In the navigation: what it is called, and the letter after `g`.
  nav?: { label: Key; group: Key | null; letter: string };
}

const to = (label: Key, letter: string, group: Key | null = null) => ({ label, letter, group });

export const ROUTES: Route[] = [
  { path: '/console/', page: () => import('./pages/today/Today.svelte'), right: 'customers_read', nav: to('nav.today', 't') },
  { path: '/console/customers', page: () => import('./pages/customers/Customers.svelte'), right: 'customers_read', nav: to('nav.customers', 'c') },
  { path: '/console/customers/{id}', page: () => import('./pages/customers/Customer.svelte'), right: 'customers_read' },
  { path: '/console/tonight', page: () => import('./pages/money/Tonight.svelte'), right: 'money_read', nav: to('nav.tonight', 'n', 'nav.money') },
  { path: '/console/orders', page: () => import('./pages/money/Orders.svelte'), right: 'orders_read', nav: to('nav.orders', 'o', 'nav.money') },
  { path: '/console/invoices', page: () => import('./pages/money/Invoices.svelte'), right: 'money_read', nav: to('nav.invoices', 'i', 'nav.money') },
  { path: '/console/revenue', page: () => import('./pages/money/Revenue.svelte'), right: 'money_read' },
  { path: '/console/payments', page: () => import('./pages/money/Payments.svelte'), right: 'money_read', nav: to('nav.payments', 'y', 'nav.money') },
  { path: '/console/vouchers', page: () => import('./pages/money/Vouchers.svelte'), right: 'money_read', nav: to('nav.vouchers', 'v', 'nav.money') },
  { path: '/console/partners', page: () => import('./pages/money/Partners.svelte'), right: 'staff_manage', nav: to('nav.partners', 'p', 'nav.money') },
  { path: '/console/partners/{id}', page: () => import('./pages/money/Partner.svelte'), right: 'staff_manage' },
  { path: '/console/messages', page: () => import('./pages/talking/Messages.svelte'), right: 'customers_read', nav: to('nav.messages', 'm', 'nav.talking') },
  { path: '/console/webhooks', page: () => import('./pages/talking/Webhooks.svelte'), right: 'staff_manage', nav: to('nav.webhooks', 'w', 'nav.talking') },
  { path: '/console/webhooks/{id}', page: () => import('./pages/talking/Webhook.svelte'), right: 'staff_manage' },
  { path: '/console/health', page: () => import('./pages/box/Health.svelte'), right: 'audit_read', nav: to('nav.health', 'h', 'nav.box') },
  { path: '/console/staff', page: () => import('./pages/box/Staff.svelte'), right: 'staff_manage', nav: to('nav.staff', 's', 'nav.box') },
  { path: '/console/me', page: () => import('./pages/me/Me.svelte') },
  { path: '/console/audit', page: () => import('./pages/box/Audit.svelte'), right: 'audit_read', nav: to('nav.audit', 'a', 'nav.box') },
];

export interface Match { route: Route; id: string }

export function match(path: string): Match | null {
  for (const route of ROUTES) {
    if (route.path === path) return { route, id: '' };
    const stem = route.path.replace('{id}', '');
    const id = path.slice(stem.length);
    if (stem !== route.path && path.startsWith(stem) && id && !id.includes('/')) {
      return { route, id: decodeURIComponent(id) };
    }
  }
  return null;
}
