import { Names } from "../names.ts";
import type { Settings } from "../settings.ts";

/** What Cognito knows the login pages' domain by: a name of one's own, or the prefix at amazoncognito.com. */
export function loginDomain(settings: Settings): string {
  const { customDomain, domainPrefix } = settings.userPool;
  return customDomain?.name ?? domainPrefix ?? new Names(settings).of(settings.account.slice(-4));
}
