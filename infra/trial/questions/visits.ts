// What a browser gets, and the tokens that it brings: a person opens each URL.

import { replayOf } from "./families.ts";
import type { Pool, TokenAnswer, Visit } from "./pool.ts";
import type { Finding, Question } from "./question.ts";
import { PROVIDER, REFUSAL } from "./template.ts";

/** Signs the person in; the answer of the token endpoint. */
async function tokensOf(pool: Pool, visit: Visit): Promise<TokenAnswer & { good: true }> {
  if (visit.kind !== "code") throw new Error(`the sign-in failed: ${visit.said}`);
  const answer = await pool.redeem(visit);
  if (!answer.good) throw new Error(`the code is refused: ${answer.said}`);
  return answer;
}

/** How a sign-in ends that is to be refused: at the callback, or at the token endpoint. */
async function refusal(pool: Pool, visit: Visit, check: (tokens: TokenAnswer & { good: true }) => void = () => {}): Promise<Finding> {
  if (visit.kind !== "code") return { observed: visit.said };
  const answer = await pool.redeem(visit);
  if (!answer.good) return { observed: `token endpoint: ${answer.said}` };
  check(answer);
  return { observed: "signed in" };
}

/**
 * Cognito may answer with the session of the pool's own user although the URL names the identity provider.
 * @throws Error unless the tokens are those of the identity provider's user.
 */
function checkFederated({ claims }: TokenAnswer & { good: true }): void {
  const identities = [claims["identities"] ?? []].flat() as { readonly providerName?: unknown }[];
  if (!identities.some(({ providerName }) => providerName === PROVIDER)) throw new Error("the session of the pool's own user answered");
}

const refreshTokenOf = ({ refresh }: TokenAnswer & { good: true }) => {
  if (refresh === undefined) throw new Error("there is no refresh token");
  return refresh;
};

export const promptWithoutSession: Question = {
  name: "prompt-none-signed-out",
  model: "always",
  expected: "callback: login_required",
  otherwise: "let tests/cognito answer so",
  ask: async (pool) => ({ observed: await pool.authorizeWithoutSession({ prompt: "none" }) }),
};

/** The first sign-in in the browser: the session of the next questions comes of it. */
export const replay: Question = {
  name: "replay",
  model: "mode replay, supersedes by default",
  expected: "supersedes",
  otherwise: "change the default of the mode in tests/cognito/src/config/mode.rs; the edge is tested in both modes",
  async ask(pool) {
    const { name, password } = pool.user;
    const visit = await pool.visit(`Sign in as ${name} with the password ${password}`);
    const tokens = await tokensOf(pool, visit);
    pool.authenticated = Number(tokens.claims["auth_time"]);
    const first = refreshTokenOf(tokens);
    const found = await replayOf(pool, first);
    return { ...found, details: [...found.details, `a refresh token of the login pages has ${first.length} characters`] };
  },
};

export const refreshTokenSize: Question = {
  name: "refresh-token-size",
  model: "always",
  expected: /^1[78]\d\d characters$/,
  otherwise: "change the size in tests/cognito, and look at every limit with it",
  async ask(pool) {
    const first = await pool.grant();
    const next = await pool.refresh(first);
    const sizes = next.good && next.refresh ? [`the next one has ${next.refresh.length}`] : [];
    return { observed: `${first.length} characters`, details: sizes };
  },
};

/** How a visit with a session ends. The time of the authentication tells whether Cognito asked for the password again. */
async function withSessionOf(pool: Pool, visit: Visit, isSilent: boolean): Promise<Finding> {
  if (visit.kind !== "code") return { observed: visit.said };
  const before = pool.authenticated;
  const { claims } = await tokensOf(pool, visit);
  pool.authenticated = Number(claims["auth_time"]);
  if (before === undefined) throw new Error("nobody had signed in before");
  const isNew = pool.authenticated > before;
  if (isSilent && isNew) pool.isTimeSure = false;
  const details = [`auth_time of the ID token is ${isNew ? "new" : "the session's"}`];
  if (isSilent) return { observed: "a code, silently", details };
  if (!pool.isTimeSure) return { observed: "a code", details: [...details, "it is new without a password, too: it does not tell whether one was asked for"] };
  return { observed: isNew ? "asks again" : "a code, silently", details };
}

const withSession = (prompt: string, expected: string): Question => ({
  name: `prompt-${prompt.replace("_", "-")}-signed-in`,
  model: "always",
  expected,
  otherwise: "let tests/cognito do so, and see what the edge promises users who want to switch",
  async ask(pool) {
    const { name, password } = pool.user;
    const visit = await pool.visit(`If you are asked, sign in as ${name} with the password ${password}`, { prompt });
    return withSessionOf(pool, visit, prompt === "none");
  },
});

export const promptNone = withSession("none", "a code, silently");
export const promptLogin = withSession("login", "asks again");
export const promptSelectAccount = withSession("select_account", "a code, silently");

export const refusedSignIn: Question = {
  name: "refused-sign-in",
  model: "mode token_trigger, before_code by default",
  expected: new RegExp(`^callback: invalid_request "PreTokenGeneration failed with error ${REFUSAL}`),
  otherwise: "at the token endpoint: change the default of the mode; other words: teach the edge's upstream/sign_in_error.rs",
  async ask(pool) {
    const { name, password } = pool.user;
    const todo = `If you are asked, sign in as ${name} with the password ${password}. You will be refused`;
    return pool.refusing("TokenGeneration", async () => refusal(pool, await pool.visit(todo)));
  },
};

export const refusedAuthentication: Question = {
  name: "refused-authentication",
  model: "mode lambda_errors, on_page by default",
  expected: "the browser stays at a page of Cognito",
  otherwise: "change the default of the mode in tests/cognito/src/config/mode.rs",
  async ask(pool) {
    const { name, password } = pool.user;
    const todo = `Sign in as ${name} with the password ${password}. You will be refused; see whether the page says so`;
    return pool.refusing("PreAuthentication", async () => refusal(pool, await pool.visit(todo, { prompt: "login" })));
  },
};

export const disabledSession: Question = {
  name: "disabled-signed-in",
  model: "always",
  expected: /^callback: |^the browser stays/,
  otherwise: "if it is signed in: correct README.md, \"Federation\": disabling does not end the session of the login pages",
  async ask(pool) {
    const todo = "The user is disabled: you will see an error, or the browser comes back. Do not sign in again";
    return pool.disabled(async () => refusal(pool, await pool.visit(todo)));
  },
};

export const refusedSignUp: Question = {
  name: "refused-sign-up",
  model: "always",
  expected: new RegExp(`^callback: invalid_request "PreSignUp failed with error ${REFUSAL}`),
  otherwise: "let tests/cognito answer so, and teach the edge's upstream/sign_in_error.rs",
  async ask(pool) {
    const { name, password } = pool.providerUser;
    const todo = `It leads to the identity provider, another pool: sign in as ${name} with the password ${password}. You will be refused`;
    return pool.refusingFederated("PreSignUp", async () => refusal(pool, await pool.visitFederated(todo), checkFederated));
  },
};

/** The last one: the identity provider's user leaves for good. */
export const leaver: Question = {
  name: "leaver",
  model: "always",
  expected: "still refreshes",
  otherwise: "correct README.md, \"Federation\": a refresh does ask the provider",
  async ask(pool) {
    const { name, password } = pool.providerUser;
    const visit = await pool.visitFederated(`If you are asked, sign in as ${name} with the password ${password}`);
    const tokens = await tokensOf(pool, visit);
    checkFederated(tokens);
    const groups = [tokens.claims["cognito:groups"] ?? []].flat().map(String);
    await pool.leave();
    const answer = await pool.refresh(refreshTokenOf(tokens));
    return {
      observed: answer.good ? "still refreshes" : answer.said,
      details: [
        `the provider's group is ${groups.some((group) => group.endsWith(`_${PROVIDER}`)) ? "in the tokens" : "not in the tokens"}: ${groups.length} groups`,
        `email_verified is ${JSON.stringify(tokens.claims["email_verified"])}, and the provider said true`,
      ],
    };
  },
};
