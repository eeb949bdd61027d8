import { useEffect, useState } from "preact/hooks";

const themes = ["auto", "light", "grey", "dark"] as const;
type Theme = (typeof themes)[number];

const NAME = "imgproxy-lite-theme";

/** A photograph looks different on white, grey and black; grey is the neutral one. */
export function ThemeChoice() {
  const [theme, setTheme] = useState<Theme>(
    () => themes.find((one) => one === localStorage.getItem(NAME)) ?? "auto",
  );
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
    localStorage.setItem(NAME, theme);
  }, [theme]);
  return (
    <label class="theme">
      <span>Background</span>
      <select
        value={theme}
        onChange={({ currentTarget }) =>
          setTheme(themes.find((one) => one === currentTarget.value) ?? "auto")
        }
      >
        {themes.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    </label>
  );
}
