import type { Rule } from "../rule.ts";

export const ECS_RULES: readonly Rule[] = [];
