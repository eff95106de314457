//===- LinearAttendGradientsTest.cpp - gradients of linear attention ------===//
#include "kernels/reference/Gradients.h"
#include "kernels/reference/Rounding.h"
#include "test/unit/kernels/GradientCheck.h"

using namespace llsa;
using namespace llsa::reference;

TEST(LinearAttendGradients, ReluByHand) {
  // phi(q) = 2, phi(k) = 1, 3, v = 8, 16: o = (1 * 8 + 3 * 16) / 4 = 14,
  // whatever q. do = 4: dv = 4 * 1/4, 4 * 3/4; dk_j = 4 (v_j - o) / 4.
  Array q = column({2}), k = column({1, 3}), v = column({8, 16}),
        given = column({4});
  TokenGradients g = linearAttendGradients(q, k, v, Phi::Relu, given);
  EXPECT_NEAR(g.query.data[0], 0, 1e-12);
  EXPECT_NEAR(g.values.data[0], 1, 1e-12);
  EXPECT_NEAR(g.values.data[1], 3, 1e-12);
  EXPECT_NEAR(g.keys.data[0], -6, 1e-12);
  EXPECT_NEAR(g.keys.data[1], 2, 1e-12);
}

TEST(LinearAttendGradients, DenominatorZeroGivesNoGradient) {
  Array q = column({-1}), k = column({1}), given = column({3});
  TokenGradients g = linearAttendGradients(q, k, k, Phi::Relu, given);
  EXPECT_EQ(g.query.data[0], 0);
  EXPECT_EQ(g.keys.data[0], 0);
  EXPECT_EQ(g.values.data[0], 0);
}

TEST(LinearAttendGradients, EqualFiniteDifferencesOfTheForward) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    uint64_t state = seed;
    auto upTo = [&](uint64_t most) {
      return static_cast<int64_t>(1 + nextRandom(state) % most);
    };
    int64_t batch = upTo(2), keyHeads = upTo(2), heads = keyHeads * upTo(3);
    int64_t size = upTo(5), keys = upTo(7);
    Array q = randomArray({batch, heads, upTo(6), size}, seed + 1),
          k = randomArray({batch, keyHeads, keys, size}, seed + 2),
          v = randomArray({batch, keyHeads, keys, size}, seed + 3),
          given = randomArray(q.shape, seed + 4);
    Phi phi = std::array{Phi::Softmax, Phi::Elu1, Phi::Relu}[seed % 3];
    // Away from 0, where relu has a kink and elu's second derivative a jump.
    for (Array *array : {&q, &k})
      for (double &x : array->data)
        x += x < 0 ? -0.01 : 0.01;
    // relu: no denominator so small that differences err without bound.
    if (phi == Phi::Relu)
      for (Array *array : {&q, &k})
        for (size_t e = 0; e < array->data.size(); e += size)
          array->data[e] = std::fabs(array->data[e]) + 0.5;
    TokenGradients g = linearAttendGradients(q, k, v, phi, given);
    auto loss = [&] { return inner(linearAttend(q, k, v, phi), given); };
    expectNear(g.query, finiteDifferences(q, loss), 1e-8, "dq");
    expectNear(g.keys, finiteDifferences(k, loss), 1e-8, "dk");
    expectNear(g.values, finiteDifferences(v, loss), 1e-8, "dv");
    if (HasFatalFailure())
      return;
  }
}

TEST(LinearAttendGradients, PlainPrecisionsAreClose) {
  Array q = randomArray({1, 2, 16, 16}, 1), k = randomArray({1, 1, 64, 16}, 2),
        v = randomArray({1, 1, 64, 16}, 3), given = randomArray(q.shape, 4);
  for (Phi phi : {Phi::Softmax, Phi::Elu1, Phi::Relu}) {
    TokenGradients truth = linearAttendGradients(q, k, v, phi, given);
    auto errorIn = [&](Precision precision) {
      TokenGradients plain =
          linearAttendGradients(q, k, v, phi, given, precision);
      double error = 0;
      for (auto member : {&TokenGradients::query, &TokenGradients::keys,
                          &TokenGradients::values})
        for (size_t e = 0; e < (truth.*member).data.size(); ++e)
          error = std::max(error, std::fabs((plain.*member).data[e] -
                                            (truth.*member).data[e]));
      return error;
    };
    EXPECT_LT(errorIn(Precision::F32), 1e-5);
    EXPECT_GT(errorIn(Precision::BF16), 1e-4);
    EXPECT_LT(errorIn(Precision::BF16), 0.1);
  }
}
