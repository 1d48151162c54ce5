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

  constructor(private readonly trial: Trial) {
    this.name = trial.job.names.of("questions");
  }

  /** @throws Error that says why CloudFormation could not make it. */
  async make(redirectUri: string): Promise<Readonly<Record<string, string>>> {
    const { job, outside } = this.trial;
    // A domain is the whole world's, and Cognito does not give one back at once.
    const prefix = `edgeward-${randomBytes(6).toString("hex")}`;
    const template = questionsTemplate({ region: job.region, name: this.name, prefix, redirectUri, tier: job.settings.userPool.tier });
    await outside.aws.createStack(job.region, this.name, template, { "edgeward:deployment": job.deployment });
    const stack = await this.settled();
    if (stack?.status === "CREATE_COMPLETE") return stack.outputs ?? {};
    const failures = (await outside.aws.events(job.region, this.name)).filter(({ status }) => status === "CREATE_FAILED");
    const reasons = failures.map(({ resource, reason }) => `${resource}: ${reason}${withAdvice(reason)}`);
    throw new Error(`the temporary pool could not be made: ${[stack?.status ?? "no stack", ...reasons].join("; ")}`);
  }

  /** Removes it, if it is there; whether it is gone. */
  async remove(): Promise<boolean> {
    const { job, outside } = this.trial;
    if (!(await outside.aws.stack(job.region, this.name))) return true;
    await outside.aws.deleteStack(job.region, this.name);
    const left = await this.settled();
    return left === undefined || left.status === "DELETE_COMPLETE";
  }

  private async settled() {
    const { job, outside } = this.trial;
    for (let look = 0; look < LOOKS; look++) {
      const stack = await outside.aws.stack(job.region, this.name);
      if (!stack?.status.endsWith("_IN_PROGRESS")) return stack;
      await outside.pause();
    }
    return outside.aws.stack(job.region, this.name);
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
