// Rules of the user pool's firewall. It protects the pages at which people sign in.

import type { Settings } from "../settings.ts";
import { Rules, type Rule } from "./rule.ts";
import { anyOf, equals, not, PATH } from "./statements.ts";

/**
 * Rules that stop honest sign-ins, and only count. The pages are AWS's, serve no files and fetch no URL that they are given.
 *
 * - Sizes: a code or `state` of an identity provider's is longer than 2 KB, a SAML response longer than 8 KB; a domain of
 *   one's own gets the cookies of its neighbours below the same parent.
 * - URLs: `redirect_uri` of an edge on this machine is `http://localhost:…`
 *   (https://github.com/awslabs/nx-plugin-for-aws/pull/1016), and one may hold `.log` or `.conf` (`https://mcp.login.…`).
 * - Bodies and cookies: SAML responses, and what neighbours write
 *   (https://github.com/onfido/onfido-sdk-ui/issues/1221).
 */
const COUNTED = [
  "SizeRestrictions_QUERYSTRING",
  "SizeRestrictions_Cookie_HEADER",
  "SizeRestrictions_BODY",
  "EC2MetaDataSSRF_QUERYARGUMENTS",
  "EC2MetaDataSSRF_COOKIE",
  "EC2MetaDataSSRF_BODY",
  "GenericRFI_QUERYARGUMENTS",
  "GenericRFI_BODY",
  "GenericLFI_BODY",
  "RestrictedExtensions_QUERYARGUMENTS",
  "CrossSiteScripting_COOKIE",
  "CrossSiteScripting_BODY",
];

/**
 * What the edge calls, and no page: for tokens Cognito demands the app client's secret, and its keys are public. These calls
 * come from few addresses, which all users share: one who refreshes in a loop must not shut out the others.
 *
 * Compared as the path comes: `/OAUTH2/TOKEN`, `//oauth2/token` and `/oauth2/%74oken` are pages, whatever Cognito makes of
 * them.
 */
const machinePaths = (userPoolId: string) => [
  "/oauth2/token",
  "/oauth2/revoke",
  "/oauth2/userInfo",
  `/${userPoolId}/.well-known/jwks.json`,
];

/** Rules before the user pool. */
export function signInRules({ firewall }: Settings, userPoolId: string): Rule[] {
  const rules = new Rules(firewall.count);
  const only = not(anyOf(machinePaths(userPoolId).map((path) => equals(PATH, path))));
  return [
    rules.rate("rate", firewall.signInsPerAddress, only),
    rules.managed("ip-reputation", "AWSManagedRulesAmazonIpReputationList", { only }),
    rules.managed("known-bad-inputs", "AWSManagedRulesKnownBadInputsRuleSet", { only }),
    rules.managed("common", "AWSManagedRulesCommonRuleSet", { only, count: COUNTED }),
  ];
}
