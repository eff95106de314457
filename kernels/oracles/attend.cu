// One softmax over a list of sources, source by source: attend() adds one to
// the running maximum, sum and output of every query, in float32, and finish()
// divides. q is [heads, queries, dim]; k and v are [keyHeads, keys, dim].
//
// A source with indices [heads, ceil(queries / every), entries] has the `block`
// children of each entry of row query / every; one without has the keys from
// query - before to query + after (all of them: a dense source). A key weighs
// `weight`, times the tokens that it averages when `span` is not 0.
//
// One warp does one query; a lane holds every 32nd element of a row.
constexpr int kMostPerLane = 8; // dim is at most 256
constexpr unsigned kAllLanes = 0xffffffff;

__device__ float sumOfLanes(float x) {
  for (int step = 16; step > 0; step /= 2)
    x += __shfl_xor_sync(kAllLanes, x, step);
  return x;
}

/// What a query has seen so far: the sum of w exp(s - maximum), and that of v.
struct State {
  float maximum, sum, output[kMostPerLane];

  __device__ void add(float s, float weight, const Element *v, Index dim,
                      int lane) {
    float raised = s > maximum ? s : maximum;
    float keep = maximum == raised ? 1.f : expf(maximum - raised);
    float p = weight * expf(s - raised);
    maximum = raised;
    sum = sum * keep + p;
    for (int i = 0; i < kMostPerLane; ++i)
      if (lane + 32 * i < dim)
        output[i] = output[i] * keep + p * load(v[lane + 32 * i]);
  }
};

extern "C" __global__ void attend(
    const Element *q, const Element *k, const Element *v, const int *indices,
    float *maxima, float *sums, float *outputs, Index heads, Index queries,
    Index keyHeads, Index keys, Index dim, Index block, Index every,
    Index entries, Index before, Index after, Index span, Index tokens,
    float weight, float scale, int isFirst) {
  Index row = threadNumber() / 32;
  int lane = threadIdx.x % 32;
  if (row >= heads * queries)
    return;
  Index head = row / queries, query = row % queries;
  Index first = head / (heads / keyHeads) * keys * dim;
  State state;
  state.maximum = isFirst ? -INFINITY : maxima[row];
  state.sum = isFirst ? 0 : sums[row];
  float mine[kMostPerLane];
  for (int i = 0; i < kMostPerLane; ++i) {
    Index d = lane + 32 * i;
    state.output[i] = isFirst || d >= dim ? 0 : outputs[row * dim + d];
    mine[i] = d < dim ? load(q[row * dim + d]) : 0;
  }

  Index indexRow =
      indices ? head * ((queries + every - 1) / every) + query / every : 0;
  for (Index run = 0; run < (indices ? entries : 1); ++run) {
    Index begin = query > before ? query - before : 0;
    Index end = least(query + after + 1, keys);
    if (indices) {
      begin = indices[indexRow * entries + run] * block;
      end = begin < 0 ? begin : least(begin + block, keys);
    }
    for (Index key = begin; key < end; ++key) {
      const Element *kRow = k + first + key * dim;
      float part = 0;
      for (int i = 0; i < kMostPerLane; ++i)
        if (lane + 32 * i < dim)
          part += mine[i] * load(kRow[lane + 32 * i]);
      float averaged = span ? (float)least(span, tokens - key * span) : 1;
      state.add(scale * sumOfLanes(part), weight * averaged,
                v + first + key * dim, dim, lane);
    }
  }

  if (lane == 0) {
    maxima[row] = state.maximum;
    sums[row] = state.sum;
  }
  for (int i = 0; i < kMostPerLane; ++i)
    if (lane + 32 * i < dim)
      outputs[row * dim + lane + 32 * i] = state.output[i];
}

// o and the natural logarithm of the sum of w exp(s); 0 and -infinity for a
// query that has seen no key. One thread makes one element of o.
extern "C" __global__ void finish(const float *maxima, const float *sums,
                                  const float *outputs, Element *o, float *lse,
                                  Index rows, Index dim) {
  Index i = threadNumber();
  if (i >= rows * dim)
    return;
  Index row = i / dim;
  o[i] = store(sums[row] > 0 ? outputs[i] / sums[row] : 0.f);
  if (i % dim == 0)
    lse[row] = sums[row] > 0 ? maxima[row] + logf(sums[row]) : -INFINITY;
}
