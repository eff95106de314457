// The topk best keys of each query, best first; equal scores: the lower index
// first; -1 behind the last candidate. q is [heads, queries, dim], k is
// [keyHeads, keys, dim], indices are [heads, queries, topk]. Candidates are all
// keys, or, with `coarser` [heads, ceil(queries / block), coarserTopk], the
// children of the entries of row query / block.
// One thread makes one row: it looks for the best key that is worse than the
// last one found, topk times.
__device__ float score(const Element *q, const Element *k, Index dim) {
  float sum = 0;
  for (Index d = 0; d < dim; ++d)
    sum += load(q[d]) * load(k[d]);
  return sum;
}

struct Best {
  float score;
  Index key; // -1: none
};

/// Is key number `key` the better one of the two?
__device__ bool isBetter(float score, Index key, Best than) {
  return than.key < 0 || score > than.score ||
         (score == than.score && key < than.key);
}

extern "C" __global__ void select(const Element *q, const Element *k,
                                  const int *coarser, int *indices, Index heads,
                                  Index queries, Index keyHeads, Index keys,
                                  Index dim, Index topk, Index block,
                                  Index coarserTopk) {
  Index row = threadNumber();
  if (row >= heads * queries)
    return;
  Index head = row / queries, query = row % queries;
  const Element *rows = k + head / (heads / keyHeads) * keys * dim;
  Index coarserRow = head * ((queries + block - 1) / block) + query / block;
  Index runs = coarser ? coarserTopk : 1;
  Best last = {0, -1};
  bool none = false;
  for (Index rank = 0; rank < topk; ++rank) {
    Best best = {0, -1};
    for (Index run = 0; run < runs && !none; ++run) {
      Index begin = 0, end = keys;
      if (coarser) {
        begin = coarser[coarserRow * coarserTopk + run] * block;
        end = begin < 0 ? begin : least(begin + block, keys);
      }
      for (Index key = begin; key < end; ++key) {
        float s = score(q + row * dim, rows + key * dim, dim);
        bool isLeft = rank == 0 || s < last.score ||
                      (s == last.score && key > last.key);
        if (isLeft && isBetter(s, key, best))
          best = {s, key};
      }
    }
    none = best.key < 0;
    last = best;
    indices[row * topk + rank] = (int)best.key;
  }
}
