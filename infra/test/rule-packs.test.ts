import { App, Stack } from "aws-cdk-lib";
import { CfnLoadBalancer } from "aws-cdk-lib/aws-elasticloadbalancingv2";
import { Preflight } from "cdk-preflight";
import { expect, test } from "vitest";

/** An app whose load balancer has a time-out, in seconds. */
function app(timeout: string): App {
  const app = new App();
  const stack = new Stack(app, "Stack", { env: { account: "123456789012", region: "eu-west-1" } });
  const loadBalancerAttributes = [{ key: "idle_timeout.timeout_seconds", value: timeout }];
  new CfnLoadBalancer(stack, "Balancer", { subnets: ["subnet-0a1b2c3d", "subnet-4e5f6a7b"], loadBalancerAttributes });
  Preflight.apply(app, { strict: true });
  return app;
}

// It passes everything where it does not find the engine that evaluates its rules.
test("cdk-preflight evaluates its rules", () => {
  expect(() => app("4000").synth()).not.toThrow();
  expect(() => app("5000").synth()).toThrow("timeout_seconds is 5000 but must be between 1 and 4000");
});
