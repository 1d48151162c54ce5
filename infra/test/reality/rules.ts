// All reality rules, by service.

import type { Rule } from "./rule.ts";
import { ALARM_RULES } from "./rules/alarms.ts";
import { CLOUDFRONT_RULES } from "./rules/cloudfront.ts";
import { COGNITO_RULES } from "./rules/cognito.ts";
import { ECS_RULES } from "./rules/ecs.ts";
import { FIREWALL_RULES } from "./rules/firewall.ts";
import { LOAD_BALANCER_RULES } from "./rules/load-balancer.ts";
import { NETWORK_RULES } from "./rules/network.ts";
import { PARAMETER_RULES } from "./rules/parameters.ts";
import { STACK_RULES } from "./rules/stacks.ts";

export const RULES: readonly Rule[] = [
  ...ALARM_RULES,
  ...CLOUDFRONT_RULES,
  ...COGNITO_RULES,
  ...ECS_RULES,
  ...FIREWALL_RULES,
  ...LOAD_BALANCER_RULES,
  ...NETWORK_RULES,
  ...PARAMETER_RULES,
  ...STACK_RULES,
];
