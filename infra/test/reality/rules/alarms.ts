import type { Rule } from "../rule.ts";

export const ALARM_RULES: readonly Rule[] = [];
