import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { PrometheusRule } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1";
import { dump } from "js-yaml";
import { describe, expect, onTestFinished, test } from "vitest";
import { hasPrometheus } from "./prometheus.ts";
import { parseObjects } from "./render.ts";

const rules = parseObjects(
  readFileSync(new URL("../components/monitoring/alerts.yaml", import.meta.url), "utf8"),
).filter((object) => PrometheusRule.is(object));
const alerts = rules.flatMap(({ spec }) => spec?.groups?.flatMap((group) => group.rules ?? []) ?? []);
const guide = readFileSync(new URL("../README.md", import.meta.url), "utf8");

describe.runIf(hasPrometheus())("the alerts", () => {
  test("the alerts fire for their cause, after their time, and not before", () => {
    const work = temporaryFolder();
    // Their texts for people are not tested here.
    const tested = structuredClone(rules[0]?.spec);
    for (const group of tested?.groups ?? []) for (const rule of group.rules ?? []) delete rule.annotations;
    writeFileSync(path.join(work, "rules.yaml"), dump(tested));
    copyFileSync(new URL("fixtures/alerts.yaml", import.meta.url), path.join(work, "alerts.yaml"));
    const { status, stdout, stderr } = spawnSync("promtool", ["test", "rules", "alerts.yaml"], {
      cwd: work,
      encoding: "utf8",
    });
    expect(`${stdout}${stderr}`).toContain("SUCCESS");
    expect(status).toBe(0);
  });

  test("the alerts contain the namespace of their release in the commands that they advise", () => {
    const work = temporaryFolder();
    writeFileSync(path.join(work, "rules.yaml"), dump(rules[0]?.spec));
    const said = (alert: string) => alerts.find((rule) => rule.alert === alert)?.annotations ?? {};
    const { summary = "", description = "" } = said("ImgproxyLiteDown");
    const tests = [
      ["photos", "kubectl -n photos get pods,events"],
      // No series exists, in any namespace.
      ["", "kubectl get pods,events"],
    ].map(([namespace = "", command = ""]) => ({
      name: namespace,
      interval: "1m",
      input_series:
        namespace === ""
          ? []
          : [{ series: `up{job="imgproxy-lite-admin",namespace="${namespace}"}`, values: "0x9" }],
      alert_rule_test: [
        {
          eval_time: "5m",
          alertname: "ImgproxyLiteDown",
          exp_alerts: [
            {
              exp_labels: { severity: "critical", ...(namespace !== "" && { namespace }) },
              exp_annotations: {
                summary,
                description: description.replace(/kubectl .*get pods,events/, command),
              },
            },
          ],
        },
      ],
    }));
    writeFileSync(
      path.join(work, "tests.yaml"),
      dump({ rule_files: ["rules.yaml"], evaluation_interval: "1m", tests }),
    );
    const { stdout, stderr } = spawnSync("promtool", ["test", "rules", "tests.yaml"], {
      cwd: work,
      encoding: "utf8",
    });
    expect(`${stdout}${stderr}`).toContain("SUCCESS");
    for (const { annotations } of alerts)
      for (const command of annotations?.description?.match(/kubectl (?!\{\{)[^)]*/g) ?? [])
        expect(command).toContain("-n {{ $labels.namespace }}");
  });

  test("the texts of the alerts render", () => {
    const file = path.join(temporaryFolder(), "rules.yaml");
    writeFileSync(file, dump(rules[0]?.spec));
    const { status, stdout, stderr } = spawnSync("promtool", ["check", "rules", file], { encoding: "utf8" });
    expect([status, stderr, stdout]).toEqual([
      0,
      "",
      expect.stringContaining(`${alerts.length} rules found`),
    ]);
  });
});

test("each alert has a meaning and a remedy, and the guide has a section on it", () => {
  expect(alerts.length).toBeGreaterThan(0);
  for (const { alert, annotations, labels, for: time } of alerts) {
    expect(annotations?.summary).toMatch(/\.$/);
    expect(annotations?.description).toMatch(/\.$/);
    expect(labels?.severity).toMatch(/^(critical|warning)$/);
    expect(time).toMatch(/^\d+m$/);
    expect(guide).toContain(`### ${alert}`);
  }
});

test("each alert is tested in alerts.yaml", () => {
  const tried = readFileSync(new URL("fixtures/alerts.yaml", import.meta.url), "utf8");
  for (const { alert } of alerts) expect(tried.split(`alertname: ${alert}\n`).length).toBeGreaterThan(1);
});

function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "alerts-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
