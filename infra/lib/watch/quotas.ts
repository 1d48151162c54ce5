import { Duration } from "aws-cdk-lib";
import { MathExpression, type IMetric } from "aws-cdk-lib/aws-cloudwatch";

/**
 * Requests per second that Cognito allows by default, by category: sign-ins and refreshes, sign-ins with another identity
 * provider, and revocations, of all pools of the account in this region. One app client has 300 at its domain, which
 * Cognito reports only as throttles.
 *
 * https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html#category_operations
 */
export const COGNITO_QUOTAS = { UserAuthentication: 120, UserFederation: 25, UserToken: 120 } as const;

/** An alarm goes off at this part of a quota. */
export const QUOTA_ALARM = 0.8;

/** Period of the metrics of quotas. */
export const QUOTA_PERIOD = Duration.minutes(5);

/**
 * Requests of a category. A metric is found by all of its dimensions only, and what AWS documents of Cognito's is not
 * exact: `Service` is "Cognito user pool", and `Class` is "not used". So a query finds it by its category, which is
 * nobody else's.
 */
export function requestsOf(category: keyof typeof COGNITO_QUOTAS): IMetric {
  return new MathExpression({
    expression: `SELECT SUM(CallCount) FROM "AWS/Usage" WHERE Resource = '${category}'`,
    label: category,
    period: QUOTA_PERIOD,
  });
}
