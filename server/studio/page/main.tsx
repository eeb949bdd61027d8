import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Browse } from "./browse/browse.tsx";
import { isClosed, trouble } from "./calls.ts";
import { Photo } from "./photo/photo.tsx";
import { ServerView } from "./server-view.tsx";
import { SignIn } from "./sign-in.tsx";
import { useStore } from "./store.ts";
import { ThemeChoice } from "./theme.tsx";
import { forgetToken, tokenOf } from "./token.ts";
import { type Update, useRoute } from "./url/address.ts";
import { folderHash, type Route, serverHash } from "./url/route.ts";
import { nameOf } from "./words.ts";

function Studio() {
  const [route, update] = useRoute();
  const needsToken = useStore(isClosed);
  // A new token means that everything is asked again.
  const [visit, setVisit] = useState(0);
  const place = route.kind === "photo" ? route.key : route.kind === "folder" ? route.folder : "";
  useEffect(() => {
    document.title = place === "" ? "Studio" : `${nameOf(place)} · Studio`;
  }, [place]);

  const signOut = () => {
    forgetToken();
    setVisit(visit + 1);
  };
  return (
    <>
      <header class="top">
        <h1>
          <a href={folderHash("")}>Studio</a>
        </h1>
        <Breadcrumbs place={place} />
        <div class="tools">
          <a href={serverHash} aria-current={route.kind === "server" ? "page" : undefined}>
            Server
          </a>
          {tokenOf() !== null && (
            <button type="button" class="quiet" onClick={signOut}>
              Forget the token
            </button>
          )}
          <ThemeChoice />
        </div>
      </header>
      <main key={visit}>
        <Trouble />
        {needsToken ? (
          <SignIn
            done={() => {
              isClosed.set(false);
              setVisit(visit + 1);
            }}
          />
        ) : (
          <View route={route} update={update} />
        )}
      </main>
    </>
  );
}

/** Why calls wait. It is always in the document, so that a screen reader says what changes. */
function Trouble() {
  const text = useStore(trouble);
  return (
    <output class="trouble">
      {text !== undefined && (
        <>
          <strong>{text}</strong> The page tries again by itself.
        </>
      )}
    </output>
  );
}

function View({ route, update }: { readonly route: Route; readonly update: Update }) {
  if (route.kind === "server") return <ServerView />;
  if (route.kind === "photo")
    return (
      <Photo
        key={route.key}
        route={route}
        change={(part) =>
          update((now) => (now.kind === "photo" && now.key === route.key ? { ...now, ...part } : now))
        }
      />
    );
  return (
    <Browse
      key={route.folder}
      route={route}
      change={(part) =>
        update((now) => (now.kind === "folder" && now.folder === route.folder ? { ...now, ...part } : now))
      }
    />
  );
}

function Breadcrumbs({ place }: { readonly place: string }) {
  const parts = place === "" ? [] : place.replace(/\/$/, "").split("/");
  const paths = parts.map((_, at) => `${parts.slice(0, at + 1).join("/")}/`);
  return (
    <nav aria-label="Folders">
      <ol class="crumbs">
        <li>
          {parts.length === 0 ? (
            <span aria-current="page">Photographs</span>
          ) : (
            <a href={folderHash("")}>Photographs</a>
          )}
        </li>
        {parts.map((part, at) => (
          <li key={paths[at]}>
            {at === parts.length - 1 ? (
              <span aria-current="page">{nameOf(part)}</span>
            ) : (
              <a href={folderHash(paths[at] ?? "")}>{nameOf(part)}</a>
            )}
          </li>
        ))}
      </ol>
    </nav>
  );
}

const root = document.getElementById("studio");
if (root !== null) {
  root.replaceChildren();
  render(<Studio />, root);
}
