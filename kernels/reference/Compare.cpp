//===- Compare.cpp - the rule for "correct" -------------------------------===//
#include "kernels/reference/Compare.h"
#include "kernels/reference/Rounding.h"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>

using namespace llsa;
using namespace llsa::reference;

/// "[0, 3, 17, 5]": where the element of this number lies.
static std::string positionOf(int64_t element,
                              const std::vector<int64_t> &shape) {
  std::string text;
  for (auto extent = shape.rbegin(); extent != shape.rend(); ++extent) {
    text = fmt::format("{}{}{}", element % *extent, text.empty() ? "" : ", ",
                       text);
    element /= *extent;
  }
  return "[" + text + "]";
}

static std::string shapeText(const std::vector<int64_t> &shape) {
  std::string text;
  for (int64_t extent : shape)
    text += (text.empty() ? "" : "x") + std::to_string(extent);
  return text;
}

/// Both NaN, the same infinity, or both finite.
static bool sameKind(double a, double b) {
  if (std::isfinite(a) && std::isfinite(b))
    return true;
  return (std::isnan(a) && std::isnan(b)) || a == b;
}

Comparison llsa::reference::compareValues(std::string_view name,
                                          const Array &actual,
                                          const Array &reference,
                                          const Array &plain, DType outputType,
                                          double room) {
  require(
      reference.shape == plain.shape,
      "compareValues: the plain evaluation must have the reference's shape");
  Comparison out;
  if (actual.shape != reference.shape) {
    out.message =
        fmt::format("{}: expected shape {}, got {}", name,
                    shapeText(reference.shape), shapeText(actual.shape));
    return out;
  }
  int64_t worst = -1, firstWrongKind = -1;
  double greatest = 0;
  for (int64_t e = 0; e < reference.numElements(); ++e) {
    double truth = reference.data[e];
    if (!sameKind(actual.data[e], truth)) {
      ++out.wrongKind;
      firstWrongKind = firstWrongKind < 0 ? e : firstWrongKind;
      continue;
    }
    if (!std::isfinite(truth))
      continue;
    greatest = std::max(greatest, std::fabs(truth));
    if (std::isfinite(plain.data[e]))
      out.plainError =
          std::max(out.plainError, std::fabs(plain.data[e] - truth));
    double error = std::fabs(actual.data[e] - truth);
    if (worst < 0 || error > out.maxError) {
      out.maxError = error;
      worst = e;
    }
  }
  out.relativeError = greatest > 0 ? out.maxError / greatest : 0;
  out.allowedError = 2 * out.plainError + 2 * ulp(greatest, outputType) + room;
  if (firstWrongKind >= 0)
    out.message = fmt::format(
        "{}: {} elements are NaN or infinite where the reference is not, or "
        "the other "
        "way round; first {}: expected {}, got {}",
        name, out.wrongKind, positionOf(firstWrongKind, reference.shape),
        reference.data[firstWrongKind], actual.data[firstWrongKind]);
  else if (out.maxError > out.allowedError)
    out.message =
        fmt::format("{}: error {:.3g} exceeds the allowed {:.3g} (plain "
                    "evaluation: {:.3g}) at {}: "
                    "expected {}, got {}",
                    name, out.maxError, out.allowedError, out.plainError,
                    positionOf(worst, reference.shape), reference.data[worst],
                    actual.data[worst]);
  return out;
}
