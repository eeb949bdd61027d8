import { type Diagnosis, linesOfCheck } from "../../contract/diagnosis.ts";
import { defaultParams } from "../../contract/page/params.ts";
import type { Site } from "../site/site.ts";

/** The parameters, and the settings of Hugo that they need. Wrong values are found when the site is read. */
export function diagnoseSettings({ warnings, main }: Site): Diagnosis[] {
  const of = (about: string) =>
    warnings.filter((warning) => warning.about === about).map(({ words }) => words);
  const parameters = linesOfCheck("parameters");
  const goldmark = linesOfCheck("goldmark");
  const wrong = of("parameters").map(parameters.problem);
  const idle = of("goldmark").map(goldmark.problem);
  return [
    ...(idle.length > 0 ? idle : [goldmark.ok("it has the settings that the parameters need")]),
    ...(wrong.length > 0 ? wrong : [parameters.ok("all are known")]),
    ...(main.params.sizes === defaultParams.sizes
      ? [
          parameters.note(
            'params.imgproxy.sizes is not set, so browsers load images as wide as the window: set it to the width at which the theme shows them, such as "(min-width: 46rem) 44rem, 92vw"',
          ),
        ]
      : []),
    ...of("shortcodes").map(linesOfCheck("shortcodes").note),
    ...of("content").map(linesOfCheck("content").note),
    ...of("endpoint").map(linesOfCheck("endpoint").problem),
  ];
}
