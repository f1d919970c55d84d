// The roles, the mightiest first.
import { t, word } from '$lib/i18n/index.svelte';

const ROLES = ['owner', 'manager', 'support', 'cashier', 'content-editor', 'dealer', 'auditor', 'api'];
export const roles = (without: string[] = []): [string, string][] =>
  ROLES.filter((role) => !without.includes(role)).map((role) => [role, word('role', role)]);
export const mayDo = (role: string): string => word('role_may', role) || t('field.role');
