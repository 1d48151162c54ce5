import type { Rule } from "../rule.ts";

export const COGNITO_RULES: readonly Rule[] = [];
