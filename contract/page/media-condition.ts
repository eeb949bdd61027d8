import {
  isMediaCondition,
  isMediaConditionListWithAnd,
  isMediaFeature,
  isMediaFeaturePlain,
  isMediaFeatureRangeNameValue,
  isMediaFeatureRangeValueName,
  isMediaFeatureRangeValueNameValue,
  isMediaInParens,
  isMediaNot,
  isMediaQueryWithoutType,
  type MediaCondition,
  type MediaFeature,
  type MediaInParens,
  parse,
} from "@csstools/media-query-list-parser";

/**
 * Whether a media condition on the viewport's width holds: `min-width`, `max-width`, `width`, ranges, `and`, `or`, `not`.
 * @param pixelsOf a length in CSS; undefined where it cannot be computed.
 * @returns undefined for any other condition.
 */
export function conditionHolds(
  condition: string,
  pixelsOf: (css: string) => number | undefined,
  viewport: number,
): boolean | undefined {
  const [query, ...more] = parse(condition);
  if (query === undefined || more.length > 0 || !isMediaQueryWithoutType(query)) return undefined;
  return conditionIs(query.media);

  function conditionIs({ media }: MediaCondition): boolean | undefined {
    if (isMediaInParens(media)) return partIs(media);
    if (isMediaNot(media)) return not(partIs(media.media));
    const parts = [partIs(media.leading), ...media.list.map((one) => partIs(one.media))];
    if (parts.includes(undefined)) return undefined;
    return isMediaConditionListWithAnd(media) ? parts.every(Boolean) : parts.some(Boolean);
  }

  function partIs({ media }: MediaInParens): boolean | undefined {
    if (isMediaCondition(media)) return conditionIs(media);
    return isMediaFeature(media) ? featureIs(media) : undefined;
  }

  function featureIs({ feature }: MediaFeature): boolean | undefined {
    const name = feature.getName().toLowerCase();
    if (isMediaFeaturePlain(feature)) {
      const compare = { "min-width": ">=", "max-width": "<=", width: "=" }[name];
      return compared(viewport, compare ?? false, pixelsOf(feature.value.toString()));
    }
    if (name !== "width") return undefined;
    if (isMediaFeatureRangeNameValue(feature))
      return compared(viewport, feature.operatorKind(), pixelsOf(feature.value.toString()));
    if (isMediaFeatureRangeValueName(feature))
      return compared(pixelsOf(feature.value.toString()), feature.operatorKind(), viewport);
    if (!isMediaFeatureRangeValueNameValue(feature)) return undefined;
    const low = compared(pixelsOf(feature.valueOne.toString()), feature.valueOneOperatorKind(), viewport);
    const high = compared(viewport, feature.valueTwoOperatorKind(), pixelsOf(feature.valueTwo.toString()));
    return low === undefined || high === undefined ? undefined : low && high;
  }
}

function not(value: boolean | undefined): boolean | undefined {
  return value === undefined ? undefined : !value;
}

function compared(a: number | undefined, how: string | false, b: number | undefined): boolean | undefined {
  if (a === undefined || b === undefined) return undefined;
  switch (how) {
    case ">=":
      return a >= b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    case "<":
      return a < b;
    case "=":
      return a === b;
    default:
      return undefined;
  }
}
