// What becomes of a family of refresh tokens: replay, revocation, sign-outs, refusals at a refresh.

import type { Pool, TokenAnswer } from "./pool.ts";
import type { Question } from "./question.ts";
import { REFUSAL } from "./template.ts";

/** The grace period of the app client is 60 seconds. */
const AFTER_GRACE = 61_000;

/** The next refresh token. */
function successor(answer: TokenAnswer, of: string): string {
  if (!answer.good) throw new Error(`${of} is refused: ${answer.said}`);
  if (answer.refresh === undefined) throw new Error(`${of} is answered without a refresh token: does the app client rotate?`);
  return answer.refresh;
}

const outcome = (answer: TokenAnswer) => (answer.good ? "good" : answer.said);

/** A token, and the tokens that came of it, one after the other. */
async function chain(pool: Pool, length: number): Promise<string[]> {
  const tokens = [await pool.grant()];
  while (tokens.length < length) {
    const newest = tokens.at(-1) ?? "";
    tokens.push(successor(await pool.refresh(newest), `refresh ${tokens.length}`));
  }
  return tokens;
}

/** @param first A refresh token of the login pages, as the edge has them. */
export async function replayOf(pool: Pool, first: string) {
  const older = successor(await pool.refresh(first), "the first refresh");
  const replayed = await pool.refresh(first);
  if (!replayed.good) return { observed: "refuses", details: [`the replay inside the grace period is refused: ${replayed.said}`] };
  const newer = successor(replayed, "the replay");
  if (newer === older) return { observed: "repeats", details: ["the replay inside the grace period is answered with the same token"] };
  await pool.outside.wait(AFTER_GRACE);
  const [ofOlder, ofNewer] = [await pool.refresh(older), await pool.refresh(newer)];
  const late = await pool.refresh(first);
  const newest = ofNewer.good ? ofNewer : ofOlder;
  const afterwards = newest.good && newest.refresh ? outcome(await pool.refresh(newest.refresh)) : "not asked";
  const observed = ofOlder.good ? (ofNewer.good ? "forks" : "keeps the first") : ofNewer.good ? "supersedes" : "ends the family";
  return {
    observed,
    details: [
      "the replay inside the grace period makes a second token",
      `after the grace period, the older child: ${outcome(ofOlder)}; then the newer one: ${outcome(ofNewer)}`,
      `the token that was replayed, after the grace period: ${outcome(late)}; afterwards the newest of the family: ${afterwards}`,
    ],
  };
}

export const revocation: Question = {
  name: "revocation",
  model: "mode revocation, newest_or_original by default",
  expected: "newest_or_original",
  otherwise: "change the default of the mode in tests/cognito/src/config/mode.rs, and look at what the edge revokes",
  async ask(pool) {
    const [original = "", middle = "", , newest = ""] = await chain(pool, 4);
    // Superseded for good, so that no grace period covers it.
    await pool.outside.wait(AFTER_GRACE);
    const ofMiddle = await pool.revoke(middle);
    const alive = await pool.refresh(newest);
    const details = [`revoking a superseded token in the middle of the chain: ${ofMiddle}; then the newest: ${outcome(alive)}`];
    if (!alive.good) return { observed: "whole_family", details };
    const ofOriginal = await pool.revoke(original);
    const afterOriginal = await pool.refresh(successor(alive, "the newest"));
    details.push(`revoking the original: ${ofOriginal}; then the newest: ${outcome(afterOriginal)}`);
    const [, latest = ""] = await chain(pool, 2);
    const ofLatest = await pool.revoke(latest);
    const afterLatest = await pool.refresh(latest);
    details.push(`revoking the newest: ${ofLatest}; then it: ${outcome(afterLatest)}`);
    const ends = [...(afterLatest.good ? [] : ["newest"]), ...(afterOriginal.good ? [] : ["original"])];
    return { observed: ends.length > 0 ? ends.join("_or_") : "nothing", details };
  },
};

export const revocationStatus: Question = {
  name: "revocation-status",
  model: "always 200",
  expected: "200",
  otherwise: "answer as the pool does in tests/cognito, and let the edge tell the two apart",
  async ask(pool) {
    const [, middle = ""] = await chain(pool, 3);
    return { observed: await pool.revoke(middle), details: ["the answer to revoking a superseded token"] };
  },
};

export const refusedRefresh: Question = {
  name: "refused-refresh",
  model: "mode token_trigger_error, invalid_request by default",
  expected: new RegExp(`^400 invalid_request "PreTokenGeneration failed with error ${REFUSAL}`),
  otherwise: "change the default of the mode; see how the edge classifies it: a refusal must not end a grant for good",
  async ask(pool) {
    const token = await pool.grant();
    const refused = await pool.refusing("TokenGeneration_RefreshTokens", () => pool.refresh(token));
    return { observed: outcome(refused), details: [`the same token afterwards, when the Lambda lets the user pass: ${outcome(await pool.refresh(token))}`] };
  },
};

export const disabledRefresh: Question = {
  name: "disabled-refresh",
  model: "always",
  expected: "400 invalid_grant; once enabled again: 400 invalid_grant",
  otherwise: "let tests/cognito answer so; the edge takes only invalid_grant for the end of a grant",
  async ask(pool) {
    const token = await pool.grant();
    const refused = await pool.disabled(() => pool.refresh(token));
    return { observed: `${outcome(refused)}; once enabled again: ${outcome(await pool.refresh(token))}` };
  },
};

export const globalSignOut: Question = {
  name: "global-sign-out",
  model: "always",
  expected: "400 invalid_grant",
  otherwise: "correct README.md, \"Federation\", which tells operators to use it",
  async ask(pool) {
    const token = await pool.grant();
    await pool.signOutEverywhere();
    return { observed: outcome(await pool.refresh(token)), details: ["a refresh after AdminUserGlobalSignOut"] };
  },
};
