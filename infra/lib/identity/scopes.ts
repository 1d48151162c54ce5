import type { Settings } from "../settings.ts";

/** Scopes that every user pool has. */
export const OPENID_SCOPES = ["openid", "email", "phone", "profile", "aws.cognito.signin.user.admin"];

/** Scopes that the edge asks for at Cognito: always, and together with one of its own. */
export function upstreamScopes({ cognitoScopes, resources }: Pick<Settings["edge"], "cognitoScopes" | "resources">): string[] {
  const own = (resources ?? []).flatMap(({ scopes }) => Object.values(scopes));
  const mapped = own.flatMap((scope) => (typeof scope === "string" ? [] : (scope.cognito_scope ?? [])));
  return [...new Set([...(cognitoScopes ?? ["openid", "email"]), ...mapped])];
}
