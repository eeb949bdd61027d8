import { diagnosesExitCode, formatDiagnoses } from "../../contract/diagnosis.ts";
import { diagnoseSite } from "../doctor/doctor.ts";
import { doctorHelp } from "../doctor/help.ts";
import { quietProgress } from "../progress.ts";
import { parseCommandLine } from "./scan-options.ts";
import { type Asked, optionsOf } from "./site-options.ts";

/** Diagnoses a site. @returns the exit code. */
export async function runDoctor(
  argv: readonly string[],
  env: Asked["env"],
  signal: AbortSignal,
): Promise<number> {
  const command = parseCommandLine(argv, env, "doctor");
  if (command.help) {
    process.stdout.write(doctorHelp);
    return 0;
  }
  const { hugoVersion } = command;
  const options = await optionsOf(command, { env, signal, progress: quietProgress(process.stderr) });
  const found = await diagnoseSite({ ...options, ...(hugoVersion !== undefined && { hugoVersion }) });
  const secrets = [command.token, env.HUGO_IMGPROXY_KEY, env.HUGO_PARAMS_IMGPROXY_KEY].map(
    (one) => one ?? "",
  );
  process.stdout.write(formatDiagnoses(found, { json: command.json, secrets }));
  return diagnosesExitCode(found);
}
