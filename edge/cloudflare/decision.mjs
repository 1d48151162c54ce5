// Carries out the gate's decisions.
import { failure, respond } from "./answer.mjs";
import { handled, machineAdmitted } from "./endpoint.mjs";
import { forward, strippedHeaders } from "./forward.mjs";
import { retire } from "./instance.mjs";
import { newTrace } from "./repeats.mjs";
import { judged, lengthOf } from "./shedding.mjs";

// The decision about a request from its head. Nothing is made but what the call needs: every MCP request may come here.
export function decide(call) {
  const { edge, method, url, authorization, origin, traceparent, length, hasUpgrade } = call;
  return guarded(call, () => edge.gate(method, url, authorization, origin, traceparent, length, hasUpgrade));
}

// The decision with more than the head: with header fields, and with a body or what is wrong with it.
function decideWithEvidence(call, { body, fault } = {}) {
  const { edge, method, url, authorization, origin, traceparent, length, hasUpgrade } = call;
  // As the MCP server will see them.
  const headers = (call.headers ??= strippedHeaders(edge.rules, call.request.headers));
  const evidence = edge.evidence.map((name) => headers.get(name) ?? undefined);
  const head = [method, url, authorization, origin, traceparent, length, hasUpgrade];
  return guarded(call, () => edge.gate_with(...head, evidence, body, fault));
}

// A panic is answered.
function guarded(call, ask) {
  try {
    const decision = ask();
    return decision && JSON.parse(decision);
  } catch {
    retire(call.edge);
    return failure(call, "gate failed");
  }
}

// Carries out a decision. Without one, the request is for an endpoint.
export function execute(call, decision) {
  if (decision === undefined) return handled(call);
  const { plan, answer, needs } = decision;
  if (plan) {
    call.edge.repeats.rememberForward(call, plan);
    return passed(call, plan, plan.traceparent);
  }
  if (answer) return refuse(call, answer);
  if (needs.what === "headers") return execute(call, decideWithEvidence(call));
  if (needs.what === "body") return withBody(call, needs.party);
  return answered(call, machineAdmitted(call));
}

async function answered(call, decision) {
  return execute(call, await decision);
}

// Carries out a decision about a request that can be judged no further: its body was read, or it was counted.
function executeLast(call, decision, body) {
  if (decision?.plan) return passed(call, decision.plan, decision.plan.traceparent, body);
  // The settings have changed, or the token has expired, since the gate was asked first.
  return refuse(call, (decision?.answer ? decision : failure(call, "superseded")).answer);
}

async function withBody(call, party) {
  const { edge, request, ctx } = call;
  const entry = judged.enter(lengthOf(call), party);
  if (entry === undefined) return refuse(call, failure(call, "overloaded").answer);
  // The body is held until the MCP server has begun to answer, or the client has gone away.
  request.signal.addEventListener("abort", () => judged.leave(entry));
  const reading = request.body ? judged.read(entry, call, edge.maxJudgedBytes) : Promise.resolve({ body: new Uint8Array() });
  // Otherwise the platform drops the reading where it is when the client disconnects.
  ctx.waitUntil(reading);
  const read = await reading;
  try {
    const isRead = read.body !== undefined || read.fault !== undefined;
    return await executeLast(call, isRead ? decideWithEvidence(call, read) : failure(call, "overloaded"), read.body);
  } finally {
    judged.leave(entry);
  }
}

function passed(call, plan, traceparent, body) {
  return plan.counted ? counted(call, plan, traceparent, body) : forward(call, plan, traceparent, body);
}

async function counted(call, plan, traceparent, body) {
  if (await isWithin(call, plan.counted)) return forward(call, plan, traceparent, body);
  return executeLast(call, decideWithEvidence(call, { fault: "too_many" }));
}

// Whether a request is within the limit of calls. Without an answer of the counter's it is.
async function isWithin({ env, edge }, key) {
  try {
    return (await env[edge.callsLimit].limit({ key })).success;
  } catch {
    return true;
  }
}

function refuse(call, answer) {
  if (answer.repeats) call.edge.repeats.rememberRefusal(call, answer);
  return respond(answer);
}

// Carries out a decision once more, for a request like the one that it was made for.
export function again(call, { plan, refusal }) {
  const [id, traceparent] = newTrace(call.edge);
  if (plan) return passed(call, plan, traceparent);
  log({ ...refusal.record, trace: id });
  return respond(refusal);
}

const LEVELS = { info: "log", warn: "warn", alert: "error" };

// As edge/cloudflare/src/log.rs does.
function log(record) {
  console[LEVELS[record.level]](JSON.stringify(record));
}
