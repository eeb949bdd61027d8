import { useEffect, useRef, useState } from "preact/hooks";
import { type PhotoRoute, type Side, sides, type Zoom, zooms } from "../url/route.ts";
import { useScrolledTo } from "./scrolled-to.ts";

interface CompareProps {
  readonly route: PhotoRoute;
  readonly change: (part: Partial<PhotoRoute>) => void;
  /** Addresses of the two pictures, which have the same pixels; undefined: not here yet. */
  readonly original: string | undefined;
  readonly variant: string | undefined;
  readonly isWaiting: boolean;
  /** What the variant is. */
  readonly label: string;
}

/** Two pictures of the same pixels: one behind the other, with a divider, or one of them alone. */
export function Compare({ route, change, original, variant, isWaiting, label }: CompareProps) {
  const { show, zoom, divider, x, y } = route;
  const view = useRef<HTMLFieldSetElement>(null);
  const viewport = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [room, setRoom] = useState({ width: 0, height: 0 });

  /** Where the divider cuts the picture, which may be scrolled. */
  const cut = (): void => {
    const [frame, picture] = [viewport.current, canvas.current];
    if (frame === null || picture === null) return;
    const at = frame.getBoundingClientRect().left + (divider / 100) * frame.clientWidth;
    picture.style.setProperty("--cut", `${at - picture.getBoundingClientRect().left}px`);
  };
  useEffect(cut);
  useEffect(() => {
    const frame = viewport.current;
    if (frame === null) return;
    const watch = new ResizeObserver(() => setRoom({ width: frame.clientWidth, height: frame.clientHeight }));
    watch.observe(frame);
    return () => watch.disconnect();
  }, []);

  const { width, height } = shownSize(size, room, zoom);
  const scrolled = useScrolledTo(viewport, { x, y, width, height }, change);

  const flip = (): void => change({ show: show === "variant" ? "original" : "variant" });
  const pressed = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "f") flip();
    else if (event.key === "s") change({ show: "split" });
    else if (event.key === "z") change({ zoom: zoom === "fit" ? "pixels" : "fit" });
    else return;
    event.preventDefault();
  };
  return (
    <fieldset class="compare" ref={view} onKeyDown={pressed} data-show={show} aria-busy={isWaiting}>
      <legend class="visually-hidden">Comparison</legend>
      <div class="stage">
        <section
          class="viewport"
          ref={viewport}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a picture that is larger than its place is moved with the arrow keys
          tabIndex={0}
          aria-label="Original and variant"
          onScroll={() => {
            cut();
            scrolled();
          }}
          onPointerDown={(event) => drag(event, viewport.current)}
        >
          <div class="canvas" ref={canvas} style={{ width: `${width}px`, height: `${height}px` }}>
            {original !== undefined && (
              <img
                class="original"
                src={original}
                alt="Original, without loss"
                draggable={false}
                onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
                  setSize({ width: naturalWidth, height: naturalHeight })
                }
              />
            )}
            {variant !== undefined && <img class="variant" src={variant} alt={label} draggable={false} />}
          </div>
        </section>
        {show === "split" && <Divider value={divider} change={(value) => change({ divider: value })} />}
        {show !== "variant" && <span class="tag left">Original</span>}
        {show !== "original" && <span class="tag right">{label}</span>}
        <span class="waiting" aria-hidden="true" />
      </div>
      <div class="switches">
        <Choice
          name="show"
          label="Show"
          choices={sideTexts}
          value={show}
          choose={(side) => change({ show: side })}
        />
        <Choice
          name="zoom"
          label="Zoom"
          choices={zoomTexts}
          value={zoom}
          choose={(one) => change({ zoom: one })}
        />
        <p class="keys">
          In the picture, <kbd>f</kbd> flips, <kbd>s</kbd> splits, <kbd>z</kbd> zooms.
        </p>
      </div>
    </fieldset>
  );
}

const sideTexts = sides.map((value): [Side, string] => [
  value,
  { split: "Split", original: "Original", variant: "Variant" }[value],
]);
const zoomTexts = zooms.map((value): [Zoom, string] => [value, { fit: "Fit", pixels: "1:1" }[value]]);

/** In CSS pixels. At 1:1 a pixel of the file is one of the screen, which may have several of them in a CSS pixel. */
function shownSize(
  { width, height }: { readonly width: number; readonly height: number },
  room: { readonly width: number; readonly height: number },
  zoom: Zoom,
): { readonly width: number; readonly height: number } {
  if (width === 0 || room.width === 0) return { width: 0, height: 0 };
  const scale =
    zoom === "pixels" ? 1 / devicePixelRatio : Math.min(1, room.width / width, room.height / height);
  return { width: width * scale, height: height * scale };
}

/** Moves the picture with a mouse; a finger scrolls it by itself. */
function drag(event: PointerEvent, frame: HTMLDivElement | HTMLElement | null): void {
  if (frame === null || event.pointerType !== "mouse" || event.button !== 0) return;
  const from = { x: event.clientX + frame.scrollLeft, y: event.clientY + frame.scrollTop };
  const move = ({ clientX, clientY }: PointerEvent): void =>
    frame.scrollTo(from.x - clientX, from.y - clientY);
  const end = (): void => {
    removeEventListener("pointermove", move);
    removeEventListener("pointerup", end);
    removeEventListener("pointercancel", end);
  };
  addEventListener("pointermove", move);
  addEventListener("pointerup", end);
  addEventListener("pointercancel", end);
}

/** @param value in percent from the left. */
function Divider({ value, change }: { readonly value: number; readonly change: (value: number) => void }) {
  const set = (next: number): void => change(Math.round(Math.min(99, Math.max(1, next))));
  const follow = (event: PointerEvent & { readonly currentTarget: HTMLElement }): void => {
    const { currentTarget, clientX, pointerId } = event;
    if (!currentTarget.hasPointerCapture(pointerId)) return;
    const frame = currentTarget.parentElement?.getBoundingClientRect();
    if (frame !== undefined) set(((clientX - frame.left) / frame.width) * 100);
  };
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: value - 2,
    ArrowDown: value - 2,
    ArrowRight: value + 2,
    ArrowUp: value + 2,
    Home: 1,
    End: 99,
  };
  return (
    <div
      class="divider"
      role="slider"
      tabIndex={0}
      aria-label="Divider"
      aria-valuemin={1}
      aria-valuemax={99}
      aria-valuenow={value}
      aria-valuetext={`${value} % original`}
      style={{ left: `${value}%` }}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={follow}
      onKeyDown={(event) => {
        const next = steps[event.key];
        if (next === undefined) return;
        event.preventDefault();
        set(next);
      }}
    />
  );
}

function Choice<Value extends string>({
  name,
  label,
  choices,
  value,
  choose,
}: {
  readonly name: string;
  readonly label: string;
  readonly choices: readonly (readonly [Value, string])[];
  readonly value: Value;
  readonly choose: (value: Value) => void;
}) {
  return (
    <fieldset class="choice">
      <legend>{label}</legend>
      {choices.map(([one, text]) => (
        <label key={one}>
          <input type="radio" name={name} checked={one === value} onChange={() => choose(one)} />
          <span>{text}</span>
        </label>
      ))}
    </fieldset>
  );
}
