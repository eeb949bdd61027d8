import { access, mkdir, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { openApt } from "../../dev/machine/apt.ts";
import { type Bench, ifThere } from "./bench.ts";
import { projectRoot } from "./paths.ts";

/** Photographs, and whether the rows of quality.ts were fitted to them. */
export interface PhotoSet {
  readonly name: "fitted" | "held out" | "all";
  readonly files: readonly string[];
}

/** The photographs of a Debian package. Its drawings and renders are not among the names. */
interface Package {
  readonly name: string;
  /** Where apt finds it; default: in the machine's own sources. */
  readonly suite?: string;
  readonly fitted: boolean;
  readonly photos: readonly string[];
  /** Where the package has one of them, below `/`. */
  file(photo: string): string;
}

const lomiri = "lomiri-wallpapers-16.04";

/** Its fifteenth picture, a gradient. */
const DRAWING = "umang_by_Abhishek_Mudgal.jpg";

const packages: readonly Package[] = [
  {
    name: lomiri,
    fitted: true,
    photos: [
      ...["Bridge_by_Sander_Klootwijk", "Dragonfly_by_Bolly", "Picture_0B_by_freespace"],
      ...["Picture_1A_by_freespace", "Wine_by_Jakkub_Mede", "aitzgorri_by_Aitzol_Berasategi"],
      ...["free_by_Peter_Nerlich", "friends_by_Aitzol_Berasategi", "greentock_by_Peter_Nerlich"],
      ...["life_by_Aitzol_Berasategi", "picosdeeuropa_by_Aitzol_Berasategi"],
      ...["seeding_by_Clements_Engelhardt", "sunset_by_Aitzol_Berasategi"],
    ],
    file: inBackgrounds(),
  },
  { name: lomiri, fitted: false, photos: ["analogpattern_by_Peter_Nerlich"], file: inBackgrounds() },
  {
    name: "lomiri-wallpapers-20.04",
    fitted: true,
    photos: ["Kleiber_by_Lukas_Baubkus"],
    file: inBackgrounds(),
  },
  {
    name: "mate-backgrounds",
    fitted: true,
    photos: [
      ...["Aqua", "Blinds", "Dune", "FreshFlower", "Garden", "GreenMeadow", "LadyBird", "RainDrops"],
      ...["Storm", "TwoWings", "Wood", "YellowFlower"],
    ],
    file: inBackgrounds("mate/nature"),
  },
  {
    name: "plasma-workspace-wallpapers",
    fitted: true,
    photos: [
      ...["BytheWater", "ColdRipple", "ColorfulCups", "DarkestHour", "EveningGlow", "FallenLeaf", "Grey"],
      ...["Kite", "OneStandsOut", "Path", "summer_1am"],
    ],
    file: (photo) => `usr/share/wallpapers/${photo}/contents/images/2560x1600.jpg`,
  },
  {
    name: "gnome-backgrounds",
    // Later ones have renders only.
    suite: "bullseye",
    fitted: false,
    photos: ["ColdWarm", "Dark_Ivy", "Icetwigs", "LightWaves", "Road", "SeaSunset"],
    file: inBackgrounds("gnome"),
  },
  {
    name: "budgie-backgrounds",
    suite: "trixie",
    fitted: false,
    photos: [
      ...["abstract-spiral", "beacon-street-sunset", "blue-periwinkle", "canyon-wren", "casa-mila"],
      ...["extreme-desert-hike", "high-trestle-trail", "lake-sherburne", "oakland-zoo-otters"],
      ...["perched-osprey", "piazza-gae-aulenti", "roman-colosseum", "saturnian-profile"],
      ...["singaporean-cityscape", "tea-gardens"],
    ],
    file: inBackgrounds("budgie"),
  },
  {
    name: "palapeli-data",
    fitted: false,
    photos: [
      ...["castle-maintenon", "cincinnati-bridge", "citrus-fruits", "european-honey-bee"],
      "panther-chameleon-female",
    ],
    file: (photo) => `usr/share/palapeli/collection/${photo}.jpg`,
  },
];

/**
 * Fourteen photographs by several people, up to 17 megapixels, under Creative Commons licences: those of one package. Unpacked below
 * `.cache/`, once, as all here.
 * @returns their folder. @throws Error if apt cannot download it.
 */
export async function debianPhotos(): Promise<string> {
  const photos = path.join(await unpacked({ name: lomiri }), "usr/share/backgrounds");
  await rm(path.join(photos, DRAWING), { force: true });
  return photos;
}

/**
 * All photographs of all packages, 64; those of a package that apt cannot download here are left out, and a line says so.
 * @throws Error if a package has not the photographs that are named here.
 */
export async function debianPhotoSets(bench: Pick<Bench, "tell">): Promise<readonly PhotoSet[]> {
  const fitted: string[] = [];
  const heldOut: string[] = [];
  for (const one of packages) {
    const root = await ifThere(bench, `the photographs of ${one.name}`, () => unpacked(one));
    if (root === undefined) continue;
    const files = one.photos.map((photo) => path.join(root, one.file(photo)));
    for (const file of files) await access(file);
    (one.fitted ? fitted : heldOut).push(...files);
  }
  return [
    { name: "fitted", files: fitted },
    { name: "held out", files: heldOut },
  ];
}

function inBackgrounds(folder = ""): Package["file"] {
  return (photo) => path.join("usr/share/backgrounds", folder, `${photo}.jpg`);
}

async function unpacked({ name, suite }: Pick<Package, "name" | "suite">): Promise<string> {
  const folder = path.join(projectRoot, ".cache", "bench", "apt", suite ?? "");
  await mkdir(folder, { recursive: true });
  const known = (await readdir(folder)).find(
    (entry) => entry.startsWith(`${name}_`) && !entry.endsWith(".part"),
  );
  if (known !== undefined) return path.join(folder, known);
  const apt = await openApt(folder, suite === undefined ? undefined : [suite]);
  const version = (await apt.versions(name)).at(-1);
  if (version === undefined) throw new Error(`apt has no package ${name} here`);
  return apt.unpack(name, version);
}
