import { randomBytes } from "node:crypto";
import { advise } from "../../lib/deploy/causes.ts";
import { Pool } from "../questions/pool.ts";
import { agrees, type Question } from "../questions/question.ts";
import { QUESTIONS } from "../questions/questions.ts";
import { questionsTemplate } from "../questions/template.ts";
import { judged, type Outcome, type Step, type Trial } from "../step.ts";

/** Looks at a stack, of 15 seconds each. */
const LOOKS = 80;

/** The temporary stack of a trial. */
class TemporaryStack {
  readonly name: string;
  /** Once this run has begun to make it. CloudFormation shows a deleted stack by its id, so that absent means not shown yet. */
  private id: string | undefined;

  constructor(private readonly trial: Trial) {
    this.name = trial.job.names.of("questions");
  }

  /** @throws Error that says why CloudFormation could not make it. */
  async make(redirectUri: string): Promise<Readonly<Record<string, string>>> {
    const { job, outside } = this.trial;
    // A domain is the whole world's, and Cognito does not give one back at once.
    const prefix = `edgeward-${randomBytes(6).toString("hex")}`;
    const template = questionsTemplate({ region: job.region, name: this.name, prefix, redirectUri, tier: job.settings.userPool.tier });
    this.id = await outside.aws.createStack(job.region, this.name, template, { "edgeward:deployment": job.deployment });
    const stack = await this.settled((status) => status !== undefined && !status.endsWith("_IN_PROGRESS"));
    if (stack?.status === "CREATE_COMPLETE") return stack.outputs ?? {};
    const failures = (await outside.aws.events(job.region, this.name)).filter(({ status }) => status === "CREATE_FAILED");
    const reasons = failures.map(({ resource, reason }) => `${resource}: ${reason}${withAdvice(reason)}`);
    throw new Error(`the temporary pool could not be made: ${[stack?.status ?? "no stack", ...reasons].join("; ")}`);
  }

  /** Removes it, if it is there; whether it is gone. */
  async remove(): Promise<boolean> {
    const { job, outside } = this.trial;
    if (!this.id && !(await outside.aws.stack(job.region, this.name))) return true;
    await outside.aws.deleteStack(job.region, this.id ?? this.name);
    const isGone = (status: string | undefined) => status === "DELETE_COMPLETE" || (status === undefined && !this.id);
    const left = await this.settled((status) => isGone(status) || status === "DELETE_FAILED");
    return isGone(left?.status);
  }

  /** The stack once its status, or its absence, is what is waited for; or as it is in the end. */
  private async settled(isOver: (status: string | undefined) => boolean) {
    const { job, outside } = this.trial;
    for (let look = 0; ; look++) {
      const stack = await outside.aws.stack(job.region, this.id ?? this.name);
      if (isOver(stack?.status) || look === LOOKS) return stack;
      await outside.pause();
    }
  }
}

const withAdvice = (reason: string) => {
  const advice = advise(reason);
  return advice ? ` (${advice})` : "";
};

type Answer = { readonly kind: "as expected" | "differs" | "unanswered"; readonly facts: readonly string[] };

async function ask(question: Question, pool: Pool): Promise<Answer> {
  const { name, model, expected, otherwise } = question;
  const wanted = `expected of the local Cognito (${model}): ${expected instanceof RegExp ? expected.source : expected}`;
  try {
    const finding = await question.ask(pool);
    const isAsExpected = agrees(question, finding);
    const verdict = isAsExpected ? "ok" : "DIFFERS";
    const details = [...(finding.details ?? []), ...(isAsExpected ? [] : [`what to do: ${otherwise}`])];
    return {
      kind: isAsExpected ? "as expected" : "differs",
      facts: [`${verdict}: ${name}: ${wanted}; observed: ${finding.observed}`, ...details.map((detail) => `${name}: ${detail}`)],
    };
  } catch (error) {
    return { kind: "unanswered", facts: [`UNANSWERED: ${name}: ${wanted}; ${(error as Error).message}`] };
  }
}

async function askAll(trial: Trial, stack: TemporaryStack): Promise<Outcome> {
  const { outside, redactor, job } = trial;
  const listener = await outside.listen();
  try {
    const outputs = await stack.make(listener.redirectUri);
    const id = (name: string) => outputs[name] ?? "";
    const ids = { pool: id("Pool"), client: redactor.secret(id("Client")), domain: id("Domain"), providerPool: id("ProviderPool") };
    const pool = new Pool(outside, redactor, job.region, ids, listener);
    await pool.ready();
    await pool.createUsers();
    const answers: Answer[] = [];
    for (const question of QUESTIONS) {
      const answer = await ask(question, pool);
      for (const fact of answer.facts) outside.say(`  ${redactor.redact(fact)}`);
      answers.push(answer);
    }
    const count = (kind: Answer["kind"]) => answers.filter((answer) => answer.kind === kind).length;
    const summary = `${answers.length} questions: ${count("as expected")} as expected, ${count("differs")} differ, ${count("unanswered")} unanswered`;
    // A pool that differs is an answer too: it is what the trial is for.
    return judged(count("unanswered") === 0, summary, ...answers.flatMap(({ facts }) => facts));
  } finally {
    listener.close();
  }
}

export const questions: Step = {
  name: "questions",
  what: "ask a temporary user pool what only a real one answers; sign in when a URL is printed",
  async run(trial) {
    const stack = new TemporaryStack(trial);
    const byHand = `aws cloudformation delete-stack --stack-name ${stack.name} --region ${trial.job.region}`;
    // Of a run that was killed.
    if (!(await stack.remove())) return judged(false, `an earlier run's stack ${stack.name} cannot be deleted: ${byHand}`);
    let outcome: Outcome;
    try {
      outcome = await askAll(trial, stack);
    } catch (error) {
      outcome = judged(false, `it could not be done: ${(error as Error).message}`);
    }
    // Whatever happened: nothing temporary stays.
    const isGone = await stack.remove().catch(() => false);
    const removal = isGone ? "everything temporary is removed" : `the stack ${stack.name} is still there: ${byHand}`;
    return judged(outcome.verdict === "passed" && isGone, ...outcome.facts, removal);
  },
};
