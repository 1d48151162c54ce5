/**
 * Requests per second that Cognito allows by default, by the category that AWS's usage metrics name: sign-ins and refreshes
 * of all pools of the account in this region, and revocations. One app client has 300 at its domain, which Cognito reports
 * only as throttles.
 */
export const COGNITO_QUOTAS = { UserAuthentication: 120, RevokeToken: 120 } as const;

/** An alarm goes off at this part of a quota. */
export const QUOTA_ALARM = 0.8;
