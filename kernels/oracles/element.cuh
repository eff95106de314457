// Elements of memory as floats and back. ELEMENT is 0 for float32, 1 for
// bfloat16, 2 for float16; no header of CUDA is needed.
#if ELEMENT == 0
using Element = float;
__device__ float load(Element x) { return x; }
__device__ Element store(float x) { return x; }
#elif ELEMENT == 1
using Element = unsigned short;
__device__ float load(Element x) { return __uint_as_float((unsigned)x << 16); }
__device__ Element store(float x) { // to nearest, ties to even
  unsigned bits = __float_as_uint(x);
  if (x != x)
    return 0x7fff;
  return (Element)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
#else
using Element = unsigned short;
__device__ float load(Element x) {
  float result;
  asm("cvt.f32.f16 %0, %1;" : "=f"(result) : "h"(x));
  return result;
}
__device__ Element store(float x) {
  Element result;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(result) : "f"(x));
  return result;
}
#endif

using Index = long long;

__device__ Index least(Index a, Index b) { return a < b ? a : b; }
__device__ Index threadNumber() {
  return (Index)blockIdx.x * blockDim.x + threadIdx.x;
}
