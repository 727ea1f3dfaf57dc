// Settings of the coordinates, each with its source. "Measured" means `thhe manifold simulate` on the matrices that
// docs/explain/manifold.md names; the values are the same for all of them.

/**
 * Euclidean dimensions beside the height. Serf uses 8 (hashicorp/serf, coordinate/config.go). Measured: 5 dimensions give a
 * tenth more median error after 100 rounds.
 */
export const DIMENSIONS = 8

/** Lowest height. Serf's HeightMin is 10 µs; below the time that any access link takes, a height means nothing. */
export const MIN_HEIGHT_MS = 0.1

/** Longest round-trip time that is taken for one. Serf refuses more than 10 s (coordinate/client.go, Update). */
export const MAX_RTT_MS = 10_000

/** Largest magnitude of a position and largest height: nothing farther apart than the longest round trip can be real. */
export const MAX_POSITION_MS = MAX_RTT_MS

/** Relative error that a new node starts with; Vivaldi (Dabek et al., SIGCOMM 2004, section 4.2) and Serf start high. */
export const INITIAL_ERROR = 1

/** Largest relative error that a node may claim: Serf's VivaldiErrorMax is 1.5. */
export const MAX_ERROR = 1.5

/** Weight of a new sample in the moving average of the error: c_e = 0.25 in Vivaldi, slower here for calm. Measured. */
export const ERROR_GAIN = 0.1

/** First step, as a share of the residual: Vivaldi's c_c is 0.25; a large start that decays escapes bad folds. Measured. */
export const FIRST_STEP = 0.8

/** Last step: small enough to stand still under noise, large enough to follow a route change within some 100 samples. */
export const LAST_STEP = 0.03

/** The step falls as 1 / (1 + STEP_DECAY * samples), the usual schedule of stochastic approximation (Robbins, Monro 1951). */
export const STEP_DECAY = 0.03

/**
 * Samples from memory that are replayed with each new one. Replay makes the most of a probe, as SMACOF does with a whole
 * matrix; 8 of them triple the convergence of one-shot Vivaldi. Measured; 16 gain nothing more.
 */
export const REPLAYS = 8

/** Links kept in memory, the longest unheard dropped first. Twice the neighbour set, so that replaced neighbours help on. */
export const MAX_LINKS = 64

/**
 * Raw round-trip times kept per link; the filter takes their minimum. Ledlie, Gardner and Seltzer (NSDI 2007, section 3)
 * show that a short moving low percentile beats a mean; queues only ever add to a round trip.
 */
export const LINK_WINDOW = 4

/**
 * Relative residual at which the weight of a sample is half (Cauchy's weights; Huber, Robust Statistics, 1981), and how
 * many times the node's own error it is at least. Tighter clipping betters the median and worsens the choice of the
 * nearest of 16. Measured.
 */
export const RESIDUAL_SCALE = 0.5
export const RESIDUAL_PER_ERROR = 3

/**
 * A residual counts as this multiple of the median round-trip time at most, so that one absurd claim moves a node little (Huber's
 * clipping). Near links, whose residuals are small, are never clipped.
 */
export const CLIPPED_SHARE = 1

/**
 * Links are weighed by 1 / (1 + rtt / (SHORT_LINK_SHARE * median)): errors count in proportion to the distance, as the
 * relative error that we measure does (weighted stress: de Leeuw 1977). Measured.
 */
export const SHORT_LINK_SHARE = 0.5

/** Neighbours that are probed in turn: 32 is where Vivaldi's accuracy levels off (Dabek et al., section 5.2). */
export const NEIGHBOURS = 32

/** Of the neighbours, how many are the nearest known; the others are random. Vivaldi needs both (section 5.2). Measured. */
export const NEAR_NEIGHBOURS = 15

/** A nearer peer replaces a near neighbour only when it is nearer by this share, so that noise replaces nobody. */
export const NEARER_BY = 0.1

/**
 * The application's coordinate follows when the centre of the last coordinates is off by this share of the distance to the
 * nearest peer: the RELATIVE rule of Ledlie et al. (section 5), whose epsilon is 0.3.
 */
export const SIGNIFICANT_CHANGE = 0.3

/** Coordinates that the centre is taken of: Ledlie et al. use windows of 32. */
export const CHANGE_WINDOW = 32

/** Nodes nearer than this do not make the application's coordinate follow every tremor. */
export const MIN_CHANGE_MS = 1
