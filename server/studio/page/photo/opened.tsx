import type { ComponentChildren } from "preact";
import type { PhotoRoute, Section } from "../url/route.ts";

interface OpenedProps {
  readonly section: Section;
  readonly route: Pick<PhotoRoute, "open">;
  readonly change: (part: Pick<PhotoRoute, "open">) => void;
  readonly title: ComponentChildren;
  readonly children: () => ComponentChildren;
}

/** A part of the page that works, and costs encodes, only while it is open. */
export function Opened({ section, route: { open }, change, title, children }: OpenedProps) {
  const isOpen = open.includes(section);
  return (
    <details
      class="opened"
      open={isOpen}
      onToggle={({ currentTarget }) => {
        // The browser also tells of what the URL has opened.
        if (currentTarget.open === isOpen) return;
        change({ open: isOpen ? open.filter((one) => one !== section) : [...open, section] });
      }}
    >
      <summary>{title}</summary>
      {isOpen && children()}
    </details>
  );
}
