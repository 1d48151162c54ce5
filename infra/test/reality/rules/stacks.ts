import type { Rule } from "../rule.ts";

export const STACK_RULES: readonly Rule[] = [];
