//===- DiagnosticText.h - MLIR's diagnostics as an Error --------*- C++ -*-===//
#ifndef LLSA_COMPILER_DRIVER_DIAGNOSTICTEXT_H
#define LLSA_COMPILER_DRIVER_DIAGNOSTICTEXT_H

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/Error.h"
#include <string>

namespace llsa {

/// Collects the diagnostics of one context while it lives, one per line:
/// "FILE:LINE:COLUMN: error: 'llsa.pool' op block ...", notes below.
class DiagnosticText {
public:
  /// `name` stands where a diagnostic has no location.
  DiagnosticText(mlir::MLIRContext &context, llvm::StringRef name);

  /// All errors so far; `fallback` when there is none.
  llvm::Error takeError(const llvm::Twine &fallback);

private:
  void add(mlir::Diagnostic &diagnostic);

  std::string name;
  std::string errors;
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace llsa

#endif // LLSA_COMPILER_DRIVER_DIAGNOSTICTEXT_H
