// Means of aligned runs of `block` tokens, as docs/spec.md has them: x is
// [heads, tokens, dim], y is [heads, ceil(tokens / block), dim], both without
// gaps. A last run that is not full averages the tokens that exist.
// One thread makes one element.
extern "C" __global__ void pool(const Element *x, Element *y, Index heads,
                                Index tokens, Index dim, Index block) {
  Index pooled = (tokens + block - 1) / block;
  Index i = threadNumber();
  if (i >= heads * pooled * dim)
    return;
  Index d = i % dim, run = i / dim % pooled, head = i / dim / pooled;
  Index begin = run * block, end = least(begin + block, tokens);
  float sum = 0;
  for (Index token = begin; token < end; ++token)
    sum += load(x[(head * tokens + token) * dim + d]);
  y[i] = store(sum / (float)(end - begin));
}
