import { COMMON } from "./common.ts";
import type { ManagedGroup } from "./group.ts";
import { IP_REPUTATION } from "./ip-reputation.ts";
import { KNOWN_BAD_INPUTS } from "./known-bad-inputs.ts";

const GROUPS: Record<string, ManagedGroup> = {
  AWSManagedRulesAmazonIpReputationList: IP_REPUTATION,
  AWSManagedRulesCommonRuleSet: COMMON,
  AWSManagedRulesKnownBadInputsRuleSet: KNOWN_BAD_INPUTS,
};

/** A managed group of AWS's. @throws Error when it is not known here */
export function managedGroup(name: string): ManagedGroup {
  const group = GROUPS[name];
  if (!group) throw new Error(`the managed group ${name} is not known`);
  return group;
}
