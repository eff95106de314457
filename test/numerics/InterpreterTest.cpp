//===- InterpreterTest.cpp - whole variants in the reference's arithmetic -===//
//
// Bound variants are written here as text: nothing of the compiler takes part.
//
//===----------------------------------------------------------------------===//
#include "kernels/interpreter/Interpreter.h"
#include "kernels/reference/Hierarchy.h"
#include "tools/io/Random.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace llsa;
using namespace llsa::reference;

static Array randomArray(std::vector<int64_t> shape, uint64_t seed) {
  Array out(std::move(shape));
  tools::Random random(seed, 1);
  for (size_t e = 0; e < out.data.size(); ++e)
    out.data[e] = random.normal(e);
  return out;
}

static Interpreter parse(const std::string &text) {
  auto interpreter = Interpreter::create(text, "test");
  if (!interpreter) {
    ADD_FAILURE() << llvm::toString(interpreter.takeError());
    std::abort();
  }
  return std::move(*interpreter);
}

template <typename T> static T valueOf(llvm::Expected<T> value) {
  if (!value) {
    ADD_FAILURE() << llvm::toString(value.takeError());
    return T();
  }
  return std::move(*value);
}

template <typename T> static std::string errorOf(llvm::Expected<T> value) {
  return value ? "no error" : llvm::toString(value.takeError());
}

/// q, k, v of [1, 2, tokens, 8], k and v with one head.
static NamedArrays tokens(int64_t count) {
  return {{"q", randomArray({1, 2, count, 8}, 1)},
          {"k", randomArray({1, 1, count, 8}, 2)},
          {"v", randomArray({1, 1, count, 8}, 3)}};
}

/// A bound variant of 50 tokens with these ops; results o and lse.
static std::string variant(const std::string &ops,
                           const std::string &more = "") {
  return "!q = tensor<1x2x50x8xf32>\n!k = tensor<1x1x50x8xf32>\n!r = "
         "tensor<1x2x50xf32>\n"
         "func.func @f(%q: !q {llsa.name = \"q\"}, %k: !k {llsa.name = \"k\"}, "
         "%v: !k {llsa.name = \"v\"}" +
         more + ") -> (!q {llsa.name = \"o\"}, !r {llsa.name = \"lse\"}) {\n" +
         ops + "\n  return %o, %lse : !q, !r\n}\n";
}

static const std::string kComposite =
    variant("%o, %lse = llsa.attention %q, %k, %v hierarchy "
            "<block = 4, levels = 2, topk = [3, 2]> : !q, !k, !k");

static const std::string kWrittenOut = variant(R"(
  %q1 = llsa.pool %q block 4 : !q
  %k1 = llsa.pool %k block 4 : !k
  %v1 = llsa.pool %v block 4 : !k
  %q2 = llsa.pool %q1 block 4 : tensor<1x2x13x8xf32>
  %k2 = llsa.pool %k1 block 4 : tensor<1x1x13x8xf32>
  %v2 = llsa.pool %v1 block 4 : tensor<1x1x13x8xf32>
  %i2 = llsa.select %q2, %k2 topk 2 : tensor<1x2x4x8xf32>, tensor<1x1x4x8xf32>
  %i1 = llsa.select %q1, %k1 topk 3 within %i2 block 4
      : tensor<1x2x13x8xf32>, tensor<1x1x13x8xf32>, tensor<1x2x4x2xi32>
  %o, %lse = llsa.attend %q from gathered(%k, %v by %i1) block 4 every 4,
      gathered(%k1, %v1 by %i2) block 4 every 16 span 4, dense(%k2, %v2) span 16
      : !q, !k, !k, tensor<1x2x13x3xi32>, tensor<1x1x13x8xf32>, tensor<1x1x13x8xf32>,
        tensor<1x2x4x2xi32>, tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>)");

TEST(Interpreter, DescribesPortsAndSelections) {
  Interpreter composite = parse(kComposite), writtenOut = parse(kWrittenOut);
  ASSERT_EQ(composite.inputs().size(), 3u);
  EXPECT_EQ(composite.inputs()[1].name, "k");
  EXPECT_EQ(composite.inputs()[1].shape, (std::vector<int64_t>{1, 1, 50, 8}));
  EXPECT_EQ(composite.outputs()[1].name, "lse");
  for (const Interpreter *interpreter : {&composite, &writtenOut}) {
    ASSERT_EQ(interpreter->selections().size(), 2u);
    EXPECT_EQ(interpreter->selections()[0].name, "i1");
    EXPECT_EQ(interpreter->selections()[0].shape,
              (std::vector<int64_t>{1, 2, 13, 3}));
    EXPECT_EQ(interpreter->selections()[1].shape,
              (std::vector<int64_t>{1, 2, 4, 2}));
    EXPECT_EQ(interpreter->selections()[1].block, 4);
  }
}

TEST(Interpreter, CompositeAndWrittenOutAreTheReferencesHierarchy) {
  NamedArrays inputs = tokens(50);
  Hierarchy hierarchy;
  hierarchy.block = 4;
  hierarchy.levels = 2;
  hierarchy.topk = {3, 2};
  std::vector<IndexArray> indices =
      selectLevels(inputs["q"], inputs["k"], hierarchy, DType::F32);
  AttendResult expected =
      attendLevels(inputs["q"], inputs["k"], inputs["v"], hierarchy, indices);
  NamedIndices forced = {{"i1", indices[0]}, {"i2", indices[1]}};
  EvaluateOptions options;
  options.forced = &forced;
  for (const std::string &text : {kComposite, kWrittenOut}) {
    Interpreter interpreter = parse(text);
    Evaluation result = valueOf(interpreter.evaluate(inputs, options));
    EXPECT_EQ(result.outputs["o"].values.data, expected.output.data);
    EXPECT_EQ(result.outputs["lse"].values.data, expected.lse.data);
    NamedIndices made = valueOf(interpreter.select(inputs));
    EXPECT_EQ(made["i1"].data, indices[0].data);
    EXPECT_EQ(made["i2"].data, indices[1].data);
    // Where the last blocks are not full, some less.
    EXPECT_LE(result.keysPerQuery(), 3 * 4 + 2 * 4 + 4);
    EXPECT_GE(result.keysPerQuery(), 20);
    IndexCheck check = valueOf(interpreter.checkSelections(inputs, forced));
    EXPECT_TRUE(check.ok()) << check.message;
    EXPECT_EQ(check.rows, 2 * (13 + 4));
  }
}

//===----------------------------------------------------------------------===//
// Gradients
//===----------------------------------------------------------------------===//

static const std::string kGated = variant(R"(
  %q1 = llsa.pool %q block 4 : !q
  %k1 = llsa.pool %k block 4 : !k
  %v1 = llsa.pool %v block 4 : !k
  %p, %lse = llsa.attend %q from dense(%k1, %v1), window(%k, %v) before 3 after 2
      score(%s, %b, %h, %i, %j, %n) {
        %t = math.tanh %s : f32
        llsa.yield %t : f32
      } : !q, tensor<1x1x13x8xf32>, tensor<1x1x13x8xf32>, !k, !k
  %e = math.exp %q : !q
  %o = arith.mulf %p, %e : !q)");

static const std::string kRead = variant(R"(
  %e = math.exp %q : !q
  %o, %lse = llsa.attend %q from dense(%k, %v), window(%k, %v) before 3 after 2
      score(%s, %b, %h, %i, %j, %n) {
        %c0 = arith.constant 0 : index
        %c3 = arith.constant 3 : index
        %x = tensor.extract %q[%b, %h, %i, %c0] : !q
        %y = tensor.extract %e[%b, %h, %i, %c3] : !q
        %z = tensor.extract %v[%b, %c0, %j, %c3] : !k
        %u = arith.mulf %x, %z : f32
        %w = arith.addf %u, %y : f32
        %a = arith.mulf %w, %s : f32
        %t = math.tanh %a : f32
        llsa.yield %t : f32
      } : !q, !k, !k, !k, !k)");

static const std::string kWaves = variant(R"(
  %sine, %cosine = math.sincos %q : !q
  %p, %lse = llsa.attend %sine from dense(%k, %v)
      score(%s, %b, %h, %i, %j, %n) {
        %u, %w = math.sincos %s : f32
        %least = arith.constant -0.5 : f32
        %most = arith.constant 0.75 : f32
        %c = math.clampf %u to [%least, %most] : f32
        %y = arith.addf %c, %w : f32
        llsa.yield %y : f32
      } : !q, !k, !k
  %o = arith.mulf %p, %cosine : !q)");

static double product(const Array &x, const Array &y) {
  double sum = 0;
  for (size_t e = 0; e < x.data.size(); ++e)
    sum += x.data[e] * y.data[e];
  return sum;
}

TEST(Interpreter, GradientsAreTheDerivativesOfItsValues) {
  NamedArrays inputs = tokens(50);
  NamedArrays weights = {{"o", randomArray({1, 2, 50, 8}, 4)},
                         {"lse", randomArray({1, 2, 50}, 5)}};
  for (const std::string &text :
       {kComposite, kWrittenOut, kGated, kRead, kWaves}) {
    Interpreter interpreter = parse(text);
    NamedIndices selections = valueOf(interpreter.select(inputs));
    EvaluateOptions options;
    options.forced = &selections;
    auto gradients = valueOf(interpreter.gradients(inputs, weights, options));
    ASSERT_EQ(gradients.size(), 3u);
    for (const char *name : {"q", "k", "v"}) {
      Array direction = randomArray(inputs.at(name).shape, 6);
      double loss[2];
      const double step = 1e-5;
      for (int side : {0, 1}) {
        NamedArrays moved = inputs;
        for (size_t e = 0; e < direction.data.size(); ++e)
          moved.at(name).data[e] += (side ? step : -step) * direction.data[e];
        Evaluation result = valueOf(interpreter.evaluate(moved, options));
        loss[side] = product(weights.at("o"), result.outputs["o"].values) +
                     product(weights.at("lse"), result.outputs["lse"].values);
      }
      double expected = (loss[1] - loss[0]) / (2 * step);
      EXPECT_NEAR(product(direction, gradients.at(name).values), expected,
                  1e-6 * std::abs(expected) + 1e-7)
          << name << " of\n"
          << text;
    }
  }
}

TEST(Interpreter, GradientsOfSampledQueriesAreThoseOfAll) {
  NamedArrays inputs = tokens(50);
  NamedArrays weights = {{"o", randomArray({1, 2, 50, 8}, 4)}};
  std::vector<int64_t> rows = {0, 17, 49};
  for (const std::string &text : {kComposite, kWrittenOut, kGated}) {
    Interpreter interpreter = parse(text);
    EvaluateOptions options;
    auto all = valueOf(interpreter.gradients(inputs, weights, options));
    options.rows = &rows;
    auto some = valueOf(interpreter.gradients(inputs, weights, options));
    EXPECT_EQ(some.count("k") + some.count("v"), 0u);
    const EvaluatedOutput &query = some.at("q");
    ASSERT_TRUE(query.sampled);
    for (int64_t h = 0; h < 2; ++h)
      for (int64_t r = 0; r < 3; ++r)
        for (int64_t d = 0; d < 8; ++d)
          EXPECT_EQ(query.values.at(0, h, r, d),
                    all.at("q").values.at(0, h, rows[size_t(r)], d));
  }
}

TEST(Interpreter, GradientsOfWhatIsNoResultAreRefused) {
  NamedArrays inputs = tokens(50);
  Interpreter interpreter = parse(kComposite);
  EXPECT_EQ(errorOf(interpreter.gradients(inputs, {{"p", Array()}})),
            "test: there is no result 'p' that could have a gradient");
  EXPECT_EQ(errorOf(interpreter.gradients(inputs, {{"o", Array({1, 2})}})),
            "test: the gradient of 'o' has another shape than the result");
}

TEST(Interpreter, HeadsAreAlikeWhereNoRegionReadsTheirNumber) {
  EXPECT_TRUE(parse(kComposite).headsAreAlike());
  EXPECT_TRUE(parse(kGated).headsAreAlike());
}

TEST(Interpreter, WrongSelectionsAreFound) {
  NamedArrays inputs = tokens(50);
  for (const std::string &text : {kComposite, kWrittenOut}) {
    Interpreter interpreter = parse(text);
    NamedIndices indices = valueOf(interpreter.select(inputs));
    std::swap(indices["i2"].data[0], indices["i2"].data[1]);
    IndexCheck check = valueOf(interpreter.checkSelections(inputs, indices));
    EXPECT_EQ(check.mismatches, 1) << check.message;
    EXPECT_EQ(check.message.substr(0, 2), "i2");
    indices.erase("i1");
    EXPECT_EQ(errorOf(interpreter.checkSelections(inputs, indices)),
              "test: the selection 'i1' is missing");
  }
}

TEST(Interpreter, SampledRowsAreRowsOfTheWhole) {
  NamedArrays inputs = tokens(50);
  inputs["gate"] = randomArray({1, 2, 50, 8}, 9);
  Interpreter interpreter = parse(variant(
      R"(
  %a, %lse = llsa.attend %q from window(%k, %v) before 5 after 2 : !q, !k, !k
  %g = arith.mulf %a, %gate : !q
  %half = arith.constant dense<0.5> : !q
  %o = math.fma %g, %half, %q : !q)",
      ", %gate: !q {llsa.name = \"gate\"}"));
  std::vector<int64_t> rows = {0, 3, 17, 49};
  EvaluateOptions options;
  Evaluation whole = valueOf(interpreter.evaluate(inputs, options));
  options.rows = &rows;
  Evaluation sampled = valueOf(interpreter.evaluate(inputs, options));
  EXPECT_FALSE(whole.outputs["o"].sampled);
  ASSERT_TRUE(sampled.outputs["o"].sampled);
  EXPECT_EQ(sampled.outputs["lse"].values.shape,
            (std::vector<int64_t>{1, 2, 4}));
  for (int64_t h = 0; h < 2; ++h)
    for (size_t r = 0; r < rows.size(); ++r)
      for (int64_t d = 0; d < 8; ++d)
        EXPECT_EQ(sampled.outputs["o"].values.at(0, h, int64_t(r), d),
                  whole.outputs["o"].values.at(0, h, rows[r], d));
}

/// A result that another op needs whole is not sampled.
TEST(Interpreter, RowsThatAreNeededAreEvaluated) {
  Interpreter interpreter = parse(variant(R"(
  %a, %x = llsa.attend %q from dense(%k, %v) : !q, !k, !k
  %o, %lse = llsa.attend %q from dense(%a, %a) : !q, !q, !q)"));
  NamedArrays inputs = tokens(50);
  std::vector<int64_t> rows = {7};
  EvaluateOptions options;
  Evaluation whole = valueOf(interpreter.evaluate(inputs, options));
  options.rows = &rows;
  Evaluation sampled = valueOf(interpreter.evaluate(inputs, options));
  EXPECT_EQ(sampled.outputs["lse"].values.data[0],
            whole.outputs["lse"].values.at(0, 0, 7));
}

TEST(Interpreter, RegionsByHand) {
  // Only key 0 is seen, and scores are replaced by 3 + slopes[h].
  Interpreter interpreter = parse(variant(
      R"(
  %o, %lse = llsa.attend %q from dense(%k, %v)
      score(%s, %b, %h, %i, %j, %n) {
        %c3 = arith.constant 3.0 : f32
        %x = tensor.extract %slopes[%h] : tensor<2xf32>
        %y = arith.addf %c3, %x : f32
        llsa.yield %y : f32
      }
      mask(%s, %b, %h, %i, %j, %n) {
        %c1 = arith.constant 1 : index
        %z = arith.cmpi ult, %j, %c1 : index
        llsa.yield %z : i1
      } : !q, !k, !k)",
      ", %slopes: tensor<2xf32> {llsa.name = \"slopes\"}"));
  NamedArrays inputs = tokens(50);
  inputs["slopes"] = Array({2}, {0.5, -1.0});
  Evaluation result = valueOf(interpreter.evaluate(inputs));
  EXPECT_EQ(result.keysPerQuery(), 1);
  for (int64_t i = 0; i < 50; ++i) {
    EXPECT_DOUBLE_EQ(result.outputs["lse"].values.at(0, 0, i), 3.5);
    EXPECT_DOUBLE_EQ(result.outputs["lse"].values.at(0, 1, i), 2);
    EXPECT_EQ(result.outputs["o"].values.at(0, 1, i, 4),
              inputs["v"].at(0, 0, 0, 4));
  }
}

/// One key, and a score that is the op's result: so is lse.
TEST(Interpreter, OpsOnNumbersByHand) {
  auto scoreOf = [](const std::string &ops) {
    Interpreter interpreter =
        parse("!x = tensor<1x1x1x8xf32>\n"
              "func.func @f(%q: !x {llsa.name = \"q\"})\n"
              "    -> (tensor<1x1x1xf32> {llsa.name = \"lse\"}) {\n"
              "  %o, %lse = llsa.attend %q from dense(%q, %q)\n"
              "      score(%s, %b, %h, %i, %j, %n) {\n" +
              ops + "\n        llsa.yield %y : f32\n      } : !x, !x, !x\n" +
              "  return %lse : tensor<1x1x1xf32>\n}\n");
    auto result = interpreter.evaluate({{"q", Array({1, 1, 1, 8}, 1.0)}});
    return result ? result->outputs["lse"].values.data[0]
                  : (llvm::consumeError(result.takeError()), NAN);
  };
  auto clamp = [&](const char *x) {
    return scoreOf(std::string("%x = arith.constant ") + x + R"( : f32
        %a = arith.constant -1.5 : f32
        %c = arith.constant 2.0 : f32
        %y = math.clampf %x to [%a, %c] : f32)");
  };
  EXPECT_EQ(clamp("1.25"), 1.25);
  EXPECT_EQ(clamp("-7.0"), -1.5);
  EXPECT_EQ(clamp("7.0"), 2.0);
  EXPECT_TRUE(std::isnan(clamp("0x7FC00000")));

  auto isNormal = [&](const char *x) {
    return scoreOf(std::string("%x = arith.constant ") + x + R"(
        %z = math.isnormal %x : f32
        %c0 = arith.constant 0.0 : f32
        %c1 = arith.constant 1.0 : f32
        %y = arith.select %z, %c1, %c0 : f32)");
  };
  EXPECT_EQ(isNormal("-3.5 : f32"), 1);
  EXPECT_EQ(isNormal("0x00800000 : f32"), 1); // the least
  EXPECT_EQ(isNormal("0x007FFFFF : f32"), 0); // the greatest subnormal
  EXPECT_EQ(isNormal("0.0 : f32"), 0);
  EXPECT_EQ(isNormal("0x7F800000 : f32"), 0);
  EXPECT_EQ(isNormal("0x7FC00000 : f32"), 0);

  auto power = [&](int base, int exponent) {
    return scoreOf("%x = arith.constant " + std::to_string(base) +
                   " : i8\n%n8 = arith.constant " + std::to_string(exponent) +
                   R"( : i8
        %p = math.ipowi %x, %n8 : i8
        %y = arith.sitofp %p : i8 to f32)");
  };
  EXPECT_EQ(power(3, 4), 81);
  EXPECT_EQ(power(-5, 3), -125);
  EXPECT_EQ(power(3, 6), -39); // 729 - 3 * 256
  EXPECT_EQ(power(7, 0), 1);
  EXPECT_EQ(power(2, -1), 0);
  EXPECT_EQ(power(1, -3), 1);
  EXPECT_EQ(power(-1, -3), -1);
  EXPECT_EQ(power(-1, -128), 1);
  EXPECT_TRUE(std::isnan(power(0, -1))); // a division by zero

  const std::string angle = "%x = arith.constant 0.75 : f32\n";
  EXPECT_DOUBLE_EQ(scoreOf(angle + "%y, %z = math.sincos %x : f32"),
                   std::sin(0.75));
  EXPECT_DOUBLE_EQ(scoreOf(angle + "%z, %y = math.sincos %x : f32"),
                   std::cos(0.75));
}

TEST(Interpreter, PlainArithmeticRounds) {
  Interpreter interpreter = parse(
      "!t = tensor<1x1x1x8xbf16>\n"
      "func.func @f(%q: !t {llsa.name = \"q\"}) -> (!t {llsa.name = \"o\"}) {\n"
      "  %t = arith.constant dense<3.0> : !t\n"
      "  %o = arith.divf %q, %t : !t\n  return %o : !t\n}\n");
  NamedArrays inputs = {{"q", Array({1, 1, 1, 8}, 1.0)}};
  EvaluateOptions options;
  EXPECT_EQ(valueOf(interpreter.evaluate(inputs, options))
                .outputs["o"]
                .values.data[0],
            1.0 / 3);
  options.plain = true;
  EXPECT_EQ(valueOf(interpreter.evaluate(inputs, options))
                .outputs["o"]
                .values.data[0],
            0.333984375);
}

TEST(Interpreter, Errors) {
  NamedArrays inputs = tokens(50);
  EXPECT_EQ(errorOf(Interpreter::create("func.func @f(", "test")).substr(0, 48),
            "test: the bound variant cannot be read: expected");
  Interpreter composite = parse(kComposite);
  inputs.erase("k");
  EXPECT_EQ(errorOf(composite.evaluate(inputs)), "test: input 'k' is missing");
  inputs["k"] = randomArray({1, 1, 49, 8}, 2);
  EXPECT_EQ(errorOf(composite.evaluate(inputs)),
            "test: input 'k': expected shape 1x1x50x8, got 1x1x49x8");

  inputs = tokens(50);
  Interpreter outside = parse(variant(
      R"(
  %o, %lse = llsa.attend %q from dense(%k, %v)
      score(%s, %b, %h, %i, %j, %n) {
        %x = tensor.extract %table[%j] : tensor<9xf32>
        llsa.yield %x : f32
      } : !q, !k, !k)",
      ", %table: tensor<9xf32> {llsa.name = \"table\"}"));
  inputs["table"] = randomArray({9}, 4);
  EXPECT_NE(errorOf(outside.evaluate(inputs))
                .find("tensor.extract reads index 9 of dimension 0, which has "
                      "9 elements"),
            std::string::npos);
  Interpreter divided = parse(variant(R"(
  %o, %lse = llsa.attend %q from dense(%k, %v)
      mask(%s, %b, %h, %i, %j, %n) {
        %x = arith.remui %j, %i : index
        %z = arith.cmpi eq, %x, %i : index
        llsa.yield %z : i1
      } : !q, !k, !k)"));
  EXPECT_NE(errorOf(divided.evaluate(inputs))
                .find("arith.remui has an undefined result"),
            std::string::npos);
  Interpreter foreign = parse("func.func private @bias(f32) -> f32 attributes "
                              "{llsa.device_function}\n" +
                              variant(R"(
  %o, %lse = llsa.attend %q from dense(%k, %v)
      score(%s, %b, %h, %i, %j, %n) {
        %x = func.call @bias(%s) : (f32) -> f32
        llsa.yield %x : f32
      } : !q, !k, !k)"));
  EXPECT_NE(errorOf(foreign.evaluate(inputs))
                .find("'func.call' op calls a device function, whose meaning "
                      "the reference interpreter does not know"),
            std::string::npos);
}

/// Equal selections are one, and one that is not used has no number.
TEST(Interpreter, NumbersSelectionsAsTheCompilerDoes) {
  Interpreter interpreter = parse(variant(R"(
  %qa = llsa.pool %q block 4 : !q
  %ka = llsa.pool %k block 4 : !k
  %kb = llsa.pool %k block 4 : !k
  %unused = llsa.select %qa, %ka topk 7 : tensor<1x2x13x8xf32>, tensor<1x1x13x8xf32>
  %a = llsa.select %qa, %ka topk 2 : tensor<1x2x13x8xf32>, tensor<1x1x13x8xf32>
  %b = llsa.select %qa, %ka topk 3 : tensor<1x2x13x8xf32>, tensor<1x1x13x8xf32>
  %c = llsa.select %qa, %kb topk 2 : tensor<1x2x13x8xf32>, tensor<1x1x13x8xf32>
  %x, %y = llsa.attention %q, %k, %v hierarchy <block = 4, levels = 1, topk = [3]> : !q, !k, !k
  %z, %lse = llsa.attend %q from gathered(%k, %v by %c) block 4 every 4,
      gathered(%k, %v by %b) block 4 every 4, gathered(%k, %v by %a) block 4 every 4
      : !q, !k, !k, tensor<1x2x13x2xi32>, !k, !k, tensor<1x2x13x3xi32>, !k, !k,
        tensor<1x2x13x2xi32>
  %o = arith.addf %x, %z : !q)"));
  ASSERT_EQ(interpreter.selections().size(), 2u);
  EXPECT_EQ(interpreter.selections()[0].shape[3], 3);
  EXPECT_EQ(interpreter.selections()[1].shape[3], 2);
  NamedArrays inputs = tokens(50);
  NamedIndices indices = valueOf(interpreter.select(inputs));
  EXPECT_TRUE(valueOf(interpreter.checkSelections(inputs, indices)).ok());
}
