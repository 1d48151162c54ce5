// The questions, in the order in which they are asked.

import { disabledRefresh, globalSignOut, refusedRefresh, revocation, revocationStatus } from "./families.ts";
import type { Question } from "./question.ts";
import {
  disabledSession,
  leaver,
  promptLogin,
  promptNone,
  promptSelectAccount,
  promptWithoutSession,
  refreshTokenSize,
  refusedAuthentication,
  refusedSignUp,
  refusedSignIn,
  replay,
} from "./visits.ts";

/** Those that need nobody come first; then one sign-in, whose session the others use; then those that end it. */
export const QUESTIONS: readonly Question[] = [
  promptWithoutSession,
  refreshTokenSize,
  revocation,
  revocationStatus,
  refusedRefresh,
  disabledRefresh,
  globalSignOut,
  replay,
  promptNone,
  promptSelectAccount,
  promptLogin,
  // It needs the session, which the refusals after it may end.
  disabledSession,
  refusedSignIn,
  refusedAuthentication,
  refusedSignUp,
  leaver,
];
