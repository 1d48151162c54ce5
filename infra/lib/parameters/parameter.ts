import { ParameterTier, StringParameter } from "aws-cdk-lib/aws-ssm";
import type { Construct } from "constructs";

/** Writes a parameter. The construct's id is its name, so renaming one replaces it. */
export function writeParameter(scope: Construct, name: string, value: string, description: string): StringParameter {
  return new StringParameter(scope, `Parameter${name}`, {
    parameterName: name,
    stringValue: value,
    description,
    tier: ParameterTier.STANDARD,
  });
}
