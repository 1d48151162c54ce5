import { rotate, type Rotated } from "../../trial/rotate.ts";
import { judged } from "../../trial/step.ts";
import type { Judgement } from "../sightings.ts";
import { ROLLOUT, until, type CloudflareStep, type CloudflareTrial } from "../trial.ts";
import { CALLS, KEYS, OLD_CALLS, REFRESHES, SIGNED_WITH, Watch } from "../watch.ts";

export const rotation: CloudflareStep = {
  name: "rotation",
  what: "rotate the signing key and the app client's secret, remove the old key, and watch every location's answers",
  async run(trial) {
    const { vantages } = trial;
    const watch = await Watch.begin(trial);
    try {
      const run = new Rotation(trial, watch);
      await run.all();
      return judged(
        run.good,
        vantages.length === 1 ? "only this machine asked, so only the nearest location was seen: --via adds others" : `asked from ${vantages.map(({ name }) => name).join(", ")}`,
        ...run.facts,
        ...(watch.unreached.size === 0 ? [] : [`out of reach: ${watch.unreached}`]),
      );
    } finally {
      await watch.stop();
    }
  },
};

class Rotation {
  good = true;
  readonly facts: string[] = [];

  constructor(
    private readonly trial: CloudflareTrial,
    private readonly watch: Watch,
  ) {}

  async all(): Promise<void> {
    const { outside, given } = this.trial;
    const added = outside.now();
    await this.changeKeys("a new signing key is added", "signing");
    await this.changeSecret("a second client secret is added");
    await this.changeSecret("the old client secret is deleted");
    await until(outside, added + given.rotationMinutes * 60_000);

    const pinned = this.watch.pin();
    const before = this.watch.signingKey;
    const promoted = await this.changeKeys("the new key signs", "signing");
    const after = this.watch.signingKey;
    this.judge(promoted.seen.followed(SIGNED_WITH, { before, after, since: promoted.since, within: ROLLOUT }));
    if (after === before) this.judge({ good: false, facts: ["WRONG the new key does not sign: is another rotation under way?"] });
    this.judge(promoted.seen.steady(OLD_CALLS, "200"));

    const removed = await this.changeKeys("the old key is removed", "signing", "--force-remove");
    if (pinned.until < removed.since + ROLLOUT) {
      this.facts.push("tokens end too soon to see how long a removed key's are taken: set edge.accessTokenSeconds to 900 or more");
    } else {
      this.judge(removed.seen.followed(OLD_CALLS, { before: "200", after: "401", since: removed.since, within: ROLLOUT }));
    }
  }

  private async changeKeys(what: string, ...[kind, ...words]: [Rotated, ...string[]]) {
    const before = await this.watch.keys();
    const change = await this.change(what, kind, ...words);
    const after = await this.watch.keys();
    if (before === undefined || after === undefined || before === after) {
      const remedy = "if an earlier rotation is under way, end it with `edgeward rotate signing --force-remove`, and repeat this step";
      this.judge({ good: false, facts: [`WRONG the keys ${before === after ? "did not change" : "cannot be read"}; ${remedy}`] });
    } else {
      this.judge(change.seen.followed(KEYS, { before, after, since: change.since, within: ROLLOUT }));
    }
    return change;
  }

  private async changeSecret(what: string): Promise<void> {
    const keys = await this.watch.keys();
    const { seen } = await this.change(what, "client-secret");
    this.judge(seen.steady(KEYS, keys ?? "what cannot be read"));
  }

  /** Makes a change, and watches for a while how good requests fare. */
  private async change(what: string, ...[kind, ...words]: [Rotated, ...string[]]) {
    const { job, outside, given } = this.trial;
    outside.say(`  ${what}; every location is watched for ${given.watchMinutes} minutes`);
    this.watch.beginAnew();
    const status = await rotate(job, outside, kind, ...words);
    const since = outside.now();
    this.judge({ good: status === 0, facts: [`${what}: status ${status}`] });
    const seen = await this.watch.watchFor(given.watchMinutes * 60_000);
    this.judge(seen.steady(CALLS, "200"));
    this.judge(seen.steady(REFRESHES, "200"));
    return { seen, since };
  }

  private judge({ good, facts }: Judgement): void {
    this.good &&= good;
    this.facts.push(...facts);
  }
}
