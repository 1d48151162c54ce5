// Statements of AWS WAF that the firewalls are made of.

import type { CfnWebACL } from "aws-cdk-lib/aws-wafv2";

export type Statement = CfnWebACL.StatementProperty;
type Field = CfnWebACL.FieldToMatchProperty;

/** Compared as it comes. A transformation would make other requests equal, too. */
const UNCHANGED = [{ priority: 0, type: "NONE" }];

export const header = (name: string): Field => ({ singleHeader: { Name: name } });
export const PATH: Field = { uriPath: {} };

/** The field is this text, character by character. */
export const equals = (fieldToMatch: Field, searchString: string): Statement => ({
  byteMatchStatement: { fieldToMatch, searchString, positionalConstraint: "EXACTLY", textTransformations: UNCHANGED },
});

export const matches = (fieldToMatch: Field, regexString: string): Statement => ({
  regexMatchStatement: { fieldToMatch, regexString, textTransformations: UNCHANGED },
});

/** The field is there, and not empty. */
export const present = (fieldToMatch: Field): Statement => ({
  sizeConstraintStatement: { fieldToMatch, comparisonOperator: "GT", size: 0, textTransformations: UNCHANGED },
});

export const not = (statement: Statement): Statement => ({ notStatement: { statement } });

/** At least one holds. WAF wants two or more in an `OrStatement`. */
export function anyOf(statements: readonly Statement[]): Statement {
  const [first, ...others] = statements;
  if (!first) throw new Error("there must be a statement");
  return others.length === 0 ? first : { orStatement: { statements: [first, ...others] } };
}
