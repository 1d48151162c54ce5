import { connect } from "../../trial/mcp.ts";
import { text } from "../../trial/outside.ts";
import { judged } from "../../trial/step.ts";
import { locationOf, type CloudflareStep } from "../trial.ts";

const TOOLS = ["whoami", "count_slowly"];

export const signIn: CloudflareStep = {
  name: "sign-in",
  what: "sign in by hand, list the tools, call one",
  async run({ outside, session }) {
    const mcp = await connect(outside, session);
    const listed = await mcp.list();
    const tools = await text(listed);
    const missing = TOOLS.filter((name) => !tools.includes(`"${name}"`));
    const called = await mcp.call("whoami", {});
    const said = await text(called);
    const knowsWho = called.status === 200 && said.includes("username") && !said.includes('"isError":true');
    return judged(
      listed.status === 200 && missing.length === 0 && knowsWho,
      `tools/list: ${listed.status} at ${locationOf(listed)}${missing.length === 0 ? "" : `, without ${missing.join(" and ")}`}`,
      `whoami: ${called.status}, ${knowsWho ? "and it names the user" : "and it names nobody"}`,
    );
  },
};
