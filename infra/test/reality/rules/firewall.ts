import type { Rule } from "../rule.ts";

export const FIREWALL_RULES: readonly Rule[] = [];
