import type { Rule } from "../rule.ts";

export const PARAMETER_RULES: readonly Rule[] = [];
