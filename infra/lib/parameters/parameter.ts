import { ParameterTier, StringParameter } from "aws-cdk-lib/aws-ssm";
import type { Construct } from "constructs";

/**
 * Writes a parameter of the deployment. The construct's id comes from its name, so renaming one replaces it.
 *
 * Parameter Store chooses the tier: a value above 4,096 bytes makes an advanced parameter, and no update makes that a standard
 * one again (https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html), so a tier
 * that is named would fail when a long value becomes a short one.
 */
export function writeParameter(scope: Construct, name: string, value: string, description: string): StringParameter {
  const [, , , ...path] = name.split("/");
  return new StringParameter(scope, `Parameter-${path.join("-")}`, {
    parameterName: name,
    stringValue: value,
    description,
    tier: ParameterTier.INTELLIGENT_TIERING,
  });
}
