import { describe, expect, test } from "vitest";
import { Redactor } from "../../trial/redact.ts";

describe("a report keeps out", () => {
  test.each([
    ["a JWT", "got eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhIn0.c2ln here", "eyJ"],
    ["credentials of a header", "Authorization: Bearer abc.def~1", "abc.def"],
    ["an authorization code", "/callback?code=4f5a6b&iss=x", "4f5a6b"],
    ["a state", "/callback?state=5e6f7a", "5e6f7a"],
    ["a token of a form", "grant_type=refresh_token&refresh_token=r-1-2-3", "r-1-2-3"],
    ["a token of JSON", '{"access_token": "at-9-8-7", "expires_in": 900}', "at-9-8-7"],
    ["a client's secret", '"client_secret":"hunter2hunter2"', "hunter2"],
    ["an access key", "AKIAIOSFODNN7EXAMPLE", "AKIA"],
    ["an account", "arn:aws:sns:eu-west-1:123456789012:topic", "123456789012"],
    ["an address", "to alice.b+c@mail.example.com", "alice"],
  ])("%s", (_, text, secret) => {
    const redacted = new Redactor().redact(text);
    expect(redacted).not.toContain(secret);
    expect(redacted).toMatch(/\[(?:token|credentials|redacted|access key|account|address)\]/);
  });

  test("what it was told is secret, the longer first", () => {
    const redactor = new Redactor();
    redactor.secret("opaque");
    expect(redactor.secret("opaque-and-longer")).toBe("opaque-and-longer");
    expect(redactor.redact("opaque-and-longer, opaque")).toBe("[secret], [secret]");
  });

  test("and leaves in what is none", () => {
    const text = "eu-west-1: status 200, open for 900 s, 1792000000000 ms";
    expect(new Redactor().redact(text)).toBe(text);
  });
});
