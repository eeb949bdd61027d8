/** `worms` may describe worms.jpg; `IMG_4711`, `DSC0001 copy` and `my_photo_2` describe nothing. */
export function isFileName(alt: string, key: string): boolean {
  const text = alt.trim();
  if (extension.test(text)) return true;
  const name = key.slice(key.lastIndexOf("/") + 1);
  const stem = name.replace(/\.[^.]*$/, "");
  if (text.toLowerCase() === stem.toLowerCase() && /[\d_-]/.test(stem)) return true;
  const bare = text.replace(copies, "");
  return ofCamera.test(bare) || ofDate.test(bare) || ofProgram.test(bare);
}

/** Words that stand for any picture, and what templates of posts have in their place. */
export function saysNothing(alt: string): boolean {
  return anyPicture.test(alt.trim());
}

const extension =
  /\.(?:jpe?g|jfif|png|gif|webp|avif|jxl|svg|hei[cf]|tiff?|bmp|dng|cr[23]|nef|arw|raf|orf|rw2)$/i;

/** What programs and people append to the name of a copy. */
const copies =
  /(?:[-_ ]*(?:\(\d+\)|\d{2,5}x\d{2,5}|[-_ ](?:copy|kopie|copie|copia|edit(?:ed)?|bearbeitet|final|small|web|scaled|hdr|pano|\d{1,3})(?: \d{1,3})?))+$/i;

/** Names that cameras, telephones and scanners give: a few letters and a number. */
const ofCamera =
  /^[-_]?(?:img|image|imgp|dsc[nf]?|pxl|p|dji|gopr|gx|mvi|vid|sam|cimg|kimg|hpim|scan|screen ?shot|bildschirmfoto|photo|foto|bild|picture|pic|fb_img|whatsapp image)[-_ ]?\d[-_\d]*(?:wa\d+|at [\d. :]+(?:am|pm)?)?$/i;

/** `20260501_123000`, and numbers that are no year. */
const ofDate = /^(?:\d{8}[-_ ]\d{4,9}|\d{4}-\d\d-\d\d[-_ ]\d\d[-._ ]\d\d(?:[-._ ]\d\d)?|\d{5,})$/;

/** A UUID or a hash. */
const ofProgram = /^(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|(?=.*\d)(?=.*[a-f])[0-9a-f]{16,64})$/i;

const anyPicture =
  /^[<[({"']?(?:(?:an?|the|my|this|your|some|sample|example|featured|default|cover|hero|ein|eine|das) )?(?:images?|photos?|photographs?|pictures?|pics?|img|bild(?:er)?|fotos?|imagen|immagine|untitled|unnamed|undefined|null|n\/a|todo|tbd|placeholder|caption|title|alt|(?:image )?(?:alt(?:ernat(?:e|ive))?[- ]?(?:text|tag|attribute|description)?|description|title|caption)(?: here)?)[>\])}"'.:!]?$/i;
