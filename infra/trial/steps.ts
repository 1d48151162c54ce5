// The steps of a trial.

import type { Step } from "./step.ts";
import { alarms } from "./steps/alarms.ts";
import { deploy } from "./steps/deploy.ts";
import { destroy } from "./steps/destroy.ts";
import { firewalls } from "./steps/firewalls.ts";
import { leftovers } from "./steps/leftovers.ts";
import { questions } from "./steps/questions.ts";
import { rotation } from "./steps/rotation.ts";
import { stream } from "./steps/stream.ts";

/** In this order; none of them makes sense before the first. */
export const STEPS: readonly Step[] = [deploy, stream, firewalls, alarms, rotation, questions, destroy, leftovers];
