import { useEffect, useRef, useState } from "preact/hooks";

/** A text to paste, with a button that copies it. */
export function CopyBox({ label, text }: { readonly label: string; readonly text: string }) {
  const area = useRef<HTMLTextAreaElement>(null);
  const [copied, setCopied] = useState("");
  useEffect(() => setCopied(""), [text]);
  const copy = async (): Promise<void> => {
    const { current } = area;
    // Only pages of this machine and of HTTPS have a clipboard.
    const isDone = await navigator.clipboard?.writeText(text).then(
      () => true,
      () => false,
    );
    if (isDone) setCopied("Copied.");
    else {
      current?.focus();
      current?.select();
      setCopied("Selected: copy it with your keyboard.");
    }
  };
  return (
    <div class="copy-box">
      <label>
        <span>{label}</span>
        <textarea ref={area} readOnly rows={text.split("\n").length} value={text} spellcheck={false} />
      </label>
      <button type="button" onClick={copy}>
        Copy<span class="visually-hidden"> {label}</span>
      </button>
      <output class="copied">{copied}</output>
    </div>
  );
}
