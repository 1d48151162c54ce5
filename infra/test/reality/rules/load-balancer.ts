import type { Rule } from "../rule.ts";

export const LOAD_BALANCER_RULES: readonly Rule[] = [];
