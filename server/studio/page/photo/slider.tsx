import { useId } from "preact/hooks";

interface SliderProps {
  readonly label: string;
  /** As the URL of an image calls it. */
  readonly name: string;
  readonly value: number;
  readonly least: number;
  readonly most: number;
  readonly step?: number;
  readonly unit?: string;
  readonly change: (value: number) => void;
}

/** A slider, with a field beside it for an exact number. */
export function Slider({ label, name, value, least, most, step = 1, unit, change }: SliderProps) {
  const id = useId();
  const set = (text: string): void => {
    const next = Math.round(Number(text));
    if (text !== "" && next >= least && next <= most) change(next);
  };
  return (
    <div class="slider">
      <label for={id}>
        {label} <code>{name}</code>
      </label>
      <input
        type="number"
        aria-label={`${label}, exactly${unit === undefined ? "" : `, in ${unit}`}`}
        min={least}
        max={most}
        value={value}
        onChange={({ currentTarget }) => set(currentTarget.value)}
      />
      <input
        id={id}
        type="range"
        min={least}
        max={most}
        step={step}
        value={value}
        aria-valuetext={unit === undefined ? String(value) : `${value} ${unit}`}
        onInput={({ currentTarget }) => set(currentTarget.value)}
      />
    </div>
  );
}
