//===- LLSADiscardableAttrs.cpp - llsa.name, llsa.shape and so on ---------===//
//
// Attributes of our name on foreign ops, arguments and results. LLSADialect.td
// lists them; a misspelt one is an error instead of being ignored.
//
//===----------------------------------------------------------------------===//

#include "dialects/llsa/LLSADialect.h"
#include "mlir/IR/Operation.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace llsa;

/// Refuses an attribute that `expected` does not name; `where` is "argument 1 "
/// or nothing.
static LogicalResult verifyKnown(Operation *op, StringRef where,
                                 NamedAttribute attribute,
                                 ArrayRef<StringRef> expected) {
  if (llvm::is_contained(expected, attribute.getName().getValue()))
    return success();
  InFlightDiagnostic diagnostic = op->emitOpError()
                                  << where << "has the unknown attribute '"
                                  << attribute.getName().getValue()
                                  << "'; expected one of ";
  llvm::interleaveComma(expected, diagnostic);
  return diagnostic;
}

/// What an attribute of an argument or result may be.
static LogicalResult verifyValueAttribute(Operation *op, StringRef where,
                                          NamedAttribute attribute) {
  StringRef name = attribute.getName();
  Attribute value = attribute.getValue();
  auto text = dyn_cast<StringAttr>(value);
  if (name == "llsa.name" && (!text || text.empty()))
    return op->emitOpError()
           << where << " must have a name that is not empty, got " << value;
  if (name == "llsa.name" && text.getValue().contains('/')) // a file's, too
    return op->emitOpError()
           << where << " must have a name without '/', got " << value;
  if (name == "llsa.role" && (!text || (text != "input" && text != "output")))
    return op->emitOpError()
           << where << " must have the role \"input\" or \"output\", got "
           << value;
  if (name == "llsa.no_gradient" && !isa<UnitAttr>(value))
    return op->emitOpError()
           << where << " must have a no_gradient without a value, got "
           << value;
  if (name == "llsa.shape") {
    auto sizes = dyn_cast<ArrayAttr>(value);
    if (!sizes || !llvm::all_of(sizes, llvm::IsaPred<StringAttr, IntegerAttr>))
      return op->emitOpError() << where
                               << " must have a shape that is a list of size "
                                  "names and numbers, got "
                               << value;
  }
  return success();
}

LogicalResult LLSADialect::verifyRegionArgAttribute(Operation *op, unsigned,
                                                    unsigned argument,
                                                    NamedAttribute attribute) {
  std::string where = "argument " + std::to_string(argument);
  if (failed(verifyKnown(
          op, where + " ", attribute,
          {"llsa.name", "llsa.shape", "llsa.no_gradient", "llsa.role"})))
    return failure();
  return verifyValueAttribute(op, where, attribute);
}

LogicalResult LLSADialect::verifyRegionResultAttribute(
    Operation *op, unsigned, unsigned result, NamedAttribute attribute) {
  std::string where = "result " + std::to_string(result);
  if (failed(verifyKnown(op, where + " ", attribute, {"llsa.name"})))
    return failure();
  return verifyValueAttribute(op, where, attribute);
}

/// `llsa.device_function`: what such a function is.
static LogicalResult verifyDeviceFunction(Operation *op, Attribute value) {
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!function || !function.isExternal() || !isa<UnitAttr>(value))
    return op->emitOpError()
           << "has llsa.device_function, a unit attribute of functions without "
              "a body";
  auto isKnown = [](Type type) {
    return type.isF32() || type.isSignlessInteger(32) ||
           type.isSignlessInteger(64) || type.isIndex();
  };
  if (llvm::all_of(function.getArgumentTypes(), isKnown) &&
      llvm::all_of(function.getResultTypes(), isKnown) &&
      function.getNumResults() == 1)
    return success();
  return op->emitOpError() << "is a device function, which takes f32, i32, i64 "
                              "and index and returns one of them, got ("
                           << function.getArgumentTypes() << ") -> ("
                           << function.getResultTypes() << ")";
}

/// `llsa.derivatives`: those of a device function.
static LogicalResult verifyDerivatives(Operation *op, Attribute value) {
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!function || !op->hasAttr("llsa.device_function") ||
      function.getNumResults() != 1 || !function.getResultTypes()[0].isF32())
    return op->emitOpError() << "has llsa.derivatives, which device functions "
                                "that return f32 have alone";
  int64_t floats = llvm::count_if(function.getArgumentTypes(),
                                  [](Type type) { return type.isF32(); });
  auto names = dyn_cast<ArrayAttr>(value);
  if (!names || int64_t(names.size()) != floats ||
      !llvm::all_of(names, llvm::IsaPred<FlatSymbolRefAttr>))
    return op->emitOpError()
           << "must have llsa.derivatives that name a function for each of its "
           << floats << " arguments of f32, got " << value;
  for (auto name : names.getAsRange<FlatSymbolRefAttr>()) {
    auto derivative = dyn_cast_or_null<FunctionOpInterface>(
        SymbolTable::lookupNearestSymbolFrom(op, name));
    if (!derivative || !derivative->hasAttr("llsa.device_function") ||
        derivative.getFunctionType() != function.getFunctionType())
      return op->emitOpError()
             << "has the derivative " << name
             << ", which must be a device function of the same type, "
             << function.getFunctionType();
  }
  return success();
}

LogicalResult LLSADialect::verifyOperationAttribute(Operation *op,
                                                    NamedAttribute attribute) {
  if (attribute.getName() == "llsa.device_function")
    return verifyDeviceFunction(op, attribute.getValue());
  if (attribute.getName() == "llsa.derivatives")
    return verifyDerivatives(op, attribute.getValue());
  return verifyKnown(op, "", attribute,
                     {"llsa.flops", "llsa.bytes", "llsa.stack_bytes",
                      "llsa.shared_bytes", "llsa.threads", "llsa.views",
                      "llsa.ctas_per_multiprocessor",
                      "llsa.approximate_division", "llsa.persistent",
                      "llsa.dependent_launch", "llsa.device_function",
                      "llsa.derivatives", "llsa.spec", "llsa.variant"});
}
