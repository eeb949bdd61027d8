/** The weights of one error map of one channel at one scale: of its mean, and of its 4-norm, which the worst places dominate. */
export interface MapWeights {
  readonly mean: number;
  readonly worst: number;
}

/** The weights of the three error maps of a channel: structure, edges where the original is smooth, and lost edges. */
export interface ChannelWeights {
  readonly structure: MapWeights;
  readonly ringing: MapWeights;
  readonly blur: MapWeights;
}

export interface ScaleWeights {
  readonly x: ChannelWeights;
  readonly y: ChannelWeights;
  readonly b: ChannelWeights;
}

/** The number of scales of a large picture, from 1:1 to 1:32. */
export const SCALES = 6;

/**
 * The weights of one scale of a picture with this number of scales. As in the reference, the numbers are used one after the other:
 * a picture with fewer scales has other weights, not fewer.
 */
export function weightsOf(scale: number, scales: number): ScaleWeights {
  return {
    x: channelWeights(published[scale]),
    y: channelWeights(published[scales + scale]),
    b: channelWeights(published[2 * scales + scale]),
  };
}

function channelWeights(numbers: readonly number[] = []): ChannelWeights {
  const [structure = 0, ringing = 0, blur = 0, worstStructure = 0, worstRinging = 0, worstBlur = 0] = numbers;
  return {
    structure: { mean: structure, worst: worstStructure },
    ringing: { mean: ringing, worst: worstRinging },
    blur: { mean: blur, worst: worstBlur },
  };
}

/**
 * Of SSIMULACRA 2.1 (github.com/cloudinary/ssimulacra2, April 2023), tuned there on subjective scores: six scales of X, then
 * of Y and of B; each row has the means of structure, ringing and blur, then their 4-norms.
 */
const published: readonly (readonly number[])[] = [
  [0, 0.0007376606707406586, 0, 0, 0.0007793481682867309, 0],
  [0, 0.0004371155730107379, 0, 1.1041726426657346, 0.00066284834129271, 0.00015231632783718752],
  [0, 0.0016406437456599754, 0, 1.8422455520539298, 11.441172603757666, 0],
  [0.0007989109436015163, 0.000176816438078653, 0, 1.8787594979546387, 10.94906990605142, 0],
  [
    0.0007289346991508072, 0.9677937080626833, 0, 0.00014003424285435884, 0.9981766977854967,
    0.00031949755934435053,
  ],
  [0.0004550992113792063, 0, 0, 0.0013648766163243398, 0, 0],
  [0, 0, 0, 7.466890328078848, 0, 17.445833984131262],
  [0.0006235601634041466, 0, 0, 6.683678146179332, 0.00037724407979611296, 1.027889937768264],
  [225.20515300849274, 0, 0, 19.213238186143016, 0.0011401524586618361, 0.001237755635509985],
  [176.39317598450694, 0, 0, 24.43300999870476, 0.28520802612117757, 0.0004485436923833408],
  [0, 0, 0, 34.77906344483772, 44.835625328877896, 0],
  [0, 0, 0, 0, 0, 0],
  [0, 0.0008680556573291698, 0, 0, 0, 0],
  [0, 0.0005313191874358747, 0, 0.00016533814161379112, 0, 0],
  [0, 0, 0, 0.0004179171803251336, 0.0017290828234722833, 0],
  [0.0020827005846636437, 0, 0, 8.826982764996862, 23.19243343998926, 0],
  [
    95.1080498811086, 0.9863978034400682, 0.9834382792465353, 0.0012286405048278493, 171.2667255897307,
    0.9807858872435379,
  ],
  [0, 0, 0, 0.0005130064588990679, 0, 0.00010854057858411537],
];
