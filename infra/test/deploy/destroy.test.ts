import { describe, expect, test } from "vitest";
import { FakeWorld, runWith } from "./world.ts";

const GOES = { userPool: { retain: false } };
const STACKS = (folder: string) => `node_modules/.bin/cdk destroy --all --force -c deployment=prod -c deployments=${folder}`;

function standing() {
  const world = new FakeWorld();
  world.aws.stand("prod");
  world.aws.parameters.set("eu-west-1 /edgeward/prod/edge/keys", "{}");
  world.effect = (argv) => {
    if (argv.includes("remove")) world.aws.parameters.delete("eu-west-1 /edgeward/prod/edge/keys");
    if (argv.includes("destroy")) world.aws.stacks.clear();
  };
  return world;
}

describe("taking a deployment away", () => {
  test("removes the edge, then the stacks, and looks whether all is gone", async () => {
    const world = standing();
    const { status, folder } = await runWith(world, ["destroy", "prod", "--yes"], GOES);
    expect(world.commands).toEqual(["edgeward remove --deployment prod --region eu-west-1 --yes", STACKS(folder)]);
    expect(world.said.at(-1)).toBe("edgeward: nothing is left of the deployment prod");
    expect(status).toBe(0);
  });

  test("takes only the stacks away, if that is what is wanted", async () => {
    const world = standing();
    world.variables = {};
    const words = ["destroy", "prod", "--yes", "--stacks-only", "--assembly", "/assembly"];
    expect((await runWith(world, words, GOES)).status).toBe(1);
    expect(world.commands).toEqual(["node_modules/.bin/cdk destroy --all --force --app /assembly"]);
    expect(world.text).toContain("this is left:\n  the parameter /edgeward/prod/edge/keys in eu-west-1");
  });

  test("says what it would remove, unless it may", async () => {
    const world = standing();
    expect((await runWith(world, ["destroy", "prod"], GOES)).status).toBe(1);
    expect(world.ran).toEqual([]);
    expect(world.text).toContain("the Worker edgeward-prod");
    expect(world.text).toContain("the stack edgeward-prod-server in eu-west-1 (CREATE_COMPLETE)");
    expect(world.text).toContain("1 parameters below /edgeward/prod");
  });

  test("is refused where users are to be kept, or were when it was deployed", async () => {
    const [kept, guarded] = [standing(), standing()];
    expect((await runWith(kept, ["destroy", "prod", "--yes"])).status).toBe(1);
    expect(kept.text).toContain("set userPool.retain to false and `make deploy DEPLOYMENT=prod` first");
    guarded.aws.stand("prod", "CREATE_COMPLETE", true);
    expect((await runWith(guarded, ["destroy", "prod", "--yes"], GOES)).status).toBe(1);
    expect(guarded.text).toContain("protected from deletion, as userPool.retain was true when last deployed");
    expect([...kept.ran, ...guarded.ran]).toEqual([]);
  });

  test("does not touch the stacks when the edge stays", async () => {
    const world = standing();
    world.failing = ["edgeward remove"];
    expect((await runWith(world, ["destroy", "prod", "--yes"], GOES)).status).toBe(1);
    expect(world.ran).toHaveLength(1);
    expect(world.text).toContain("the stacks still stand");
  });

  test("empties the log buckets that kept the stack from going, and tries again", async () => {
    const world = standing();
    const bucket = "edgeward-prod-123456789012-alb-logs";
    world.aws.buckets.add(bucket);
    world.effect = (argv) => {
      if (argv.includes("remove")) world.aws.parameters.delete("eu-west-1 /edgeward/prod/edge/keys");
      if (!argv.includes("destroy")) return;
      world.failing = world.aws.buckets.has(bucket) ? ["node_modules/.bin/cdk"] : [];
      if (world.failing.length === 0) return world.aws.stacks.clear();
      const reason = "The bucket you tried to delete is not empty";
      world.aws.stackEvents.set("eu-west-1 edgeward-prod-server", [
        { id: "1", resource: "Logs", physicalId: bucket, type: "AWS::S3::Bucket", status: "DELETE_FAILED", reason },
      ]);
    };
    expect((await runWith(world, ["destroy", "prod", "--yes"], GOES)).status).toBe(0);
    expect(world.commands.filter((line) => line.includes("destroy"))).toHaveLength(2);
  });

  test("names whatever is left", async () => {
    const world = standing();
    world.failing = ["node_modules/.bin/cdk"];
    world.aws.parameters.set("us-east-1 /edgeward/prod/stack/firewall-arn", "arn");
    world.aws.parameters.set("eu-west-1 /edgeward/prod/edge/cognito-user-pool-id", "eu-west-1_Own");
    world.aws.pools.add("eu-west-1_Own");
    world.effect = () => world.aws.stand("prod", "DELETE_FAILED");
    expect((await runWith(world, ["destroy", "prod", "--yes"], GOES)).status).toBe(1);
    expect(world.text).toContain("the stack edgeward-prod-global in us-east-1: DELETE_FAILED");
    expect(world.text).toContain("the parameter /edgeward/prod/stack/firewall-arn in us-east-1");
    expect(world.text).toContain("aws cognito-idp delete-user-pool --user-pool-id eu-west-1_Own");
    expect(world.text).toContain("make destroy DEPLOYMENT=prod YES=yes");
  });
});
