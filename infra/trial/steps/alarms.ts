import { judged, skipped, type Step } from "../step.ts";

/** Metrics of SNS come a few minutes late. */
const LOOKS = 40;

/** Fires one alarm of each topic on purpose, and waits for its mail to be delivered. */
export const alarms: Step = {
  name: "alarms",
  what: "fire an alarm of each topic on purpose, and see whether mail is delivered",
  async run({ job, outside }) {
    if (!job.settings.alarmEmail) return skipped("alarmEmail is not set");
    const { aws } = outside;
    const facts: string[] = [];
    let good = true;
    for (const region of job.regions) {
      const byTopic = new Map<string, string>();
      for (const { name, topics } of await aws.alarms(region, job.names.of(""))) for (const topic of topics) byTopic.set(topic, name);
      for (const [topic, name] of byTopic) {
        const since = new Date(outside.now());
        await aws.setAlarm(region, name, "ALARM");
        let delivered = 0;
        for (let look = 0; look < LOOKS && delivered === 0; look++) {
          await outside.pause();
          delivered = await aws.delivered(region, topic, since);
        }
        await aws.setAlarm(region, name, "OK");
        good &&= delivered > 0;
        facts.push(`${region}: ${name} told ${topic}, and ${delivered > 0 ? "mail was delivered" : "no mail was delivered: is the subscription confirmed?"}`);
      }
      if (byTopic.size === 0) facts.push(`${region}: no alarms`);
    }
    return judged(good, ...facts);
  },
};
