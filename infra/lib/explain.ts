import { Validations } from "aws-cdk-lib";
import type { IConstruct } from "constructs";

/** Says why a finding about a construct, or something inside it, is as it should be. */
export function explain(construct: IConstruct, rule: `AwsSolutions-${string}`, reason: string): void {
  Validations.of(construct).acknowledge({ id: `AwsSolutions::${rule}`, reason });
}
