import { entriesOfAll, first } from "../find.ts";
import type { Rule } from "../rule.ts";

const LIMITS = "https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html";

/** Bytes of a value, by the tier of its parameter. */
const MOST_BYTES: Readonly<Record<string, number>> = { Standard: 4096, Advanced: 8192, "Intelligent-Tiering": 8192 };

export const PARAMETER_RULES: readonly Rule[] = [
  {
    name: "a parameter holds 4 KB, an advanced one 8 KB",
    source: LIMITS,
    broken: (t) =>
      entriesOfAll(t, "AWS::SSM::Parameter").flatMap(([id, { Properties: { Value, Tier = "Standard" } }]) => {
        const bytes = typeof Value === "string" ? Buffer.byteLength(Value) : 0;
        return bytes > (MOST_BYTES[Tier] ?? 0) ? [`${id}: ${bytes} bytes in the tier ${Tier}`] : [];
      }),
    mutate: (t) => void (first(entriesOfAll(t, "AWS::SSM::Parameter"))[1].Properties["Value"] = "x".repeat(8193)),
  },
  {
    name: "an advanced parameter does not become a standard one again, so Parameter Store chooses the tier",
    source: LIMITS,
    broken: (t) =>
      entriesOfAll(t, "AWS::SSM::Parameter").flatMap(([id, { Properties: { Tier } }]) =>
        Tier === "Intelligent-Tiering" ? [] : [`${id}: an update may have to lower its tier`],
      ),
    mutate: (t) => void (first(entriesOfAll(t, "AWS::SSM::Parameter"))[1].Properties["Tier"] = "Standard"),
  },
];
