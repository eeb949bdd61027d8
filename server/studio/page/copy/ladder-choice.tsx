import { namedLadders } from "../../../../contract/page/tiers.ts";

interface LadderChoiceProps {
  readonly ladder: string;
  readonly choose: (ladder: string) => void;
}

/** Which of the named ladders the site has. */
export function LadderChoice({ ladder, choose }: LadderChoiceProps) {
  return (
    <label>
      <span>Ladder</span>
      <select value={ladder} onChange={({ currentTarget }) => choose(currentTarget.value)}>
        {Object.keys(namedLadders).map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    </label>
  );
}
