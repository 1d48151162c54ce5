import { ParameterTier, StringParameter } from "aws-cdk-lib/aws-ssm";
import type { Construct } from "constructs";

/** Writes a parameter of the deployment. The construct's id comes from its name, so renaming one replaces it. */
export function writeParameter(scope: Construct, name: string, value: string, description: string): StringParameter {
  const [, , , ...path] = name.split("/");
  return new StringParameter(scope, `Parameter-${path.join("-")}`, {
    parameterName: name,
    stringValue: value,
    description,
    tier: ParameterTier.STANDARD,
  });
}
