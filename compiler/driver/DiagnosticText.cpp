//===- DiagnosticText.cpp ---------------------------------------*- C++ -*-===//
#include "compiler/driver/DiagnosticText.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace llsa {

namespace {

/// "FILE:LINE:COLUMN" of the first file location in `location`, or `name`.
std::string place(Location location, llvm::StringRef name) {
  std::string text;
  location->walk([&](Location inner) {
    auto file = dyn_cast<FileLineColLoc>(inner);
    if (!file)
      return WalkResult::advance();
    text = (file.getFilename().getValue() + ":" + llvm::Twine(file.getLine()) +
            ":" + llvm::Twine(file.getColumn()))
               .str();
    return WalkResult::interrupt();
  });
  return text.empty() ? name.str() : text;
}

std::string line(Diagnostic &diagnostic, llvm::StringRef kind,
                 llvm::StringRef name) {
  return place(diagnostic.getLocation(), name) + ": " + kind.str() + ": " +
         diagnostic.str() + "\n";
}

} // namespace

DiagnosticText::DiagnosticText(MLIRContext &context, llvm::StringRef name)
    : name(name), handler(&context, [this](Diagnostic &diagnostic) {
        add(diagnostic);
        return success();
      }) {}

void DiagnosticText::add(Diagnostic &diagnostic) {
  if (diagnostic.getSeverity() != mlir::DiagnosticSeverity::Error)
    return;
  std::string text = line(diagnostic, "error", name);
  for (Diagnostic &note : diagnostic.getNotes())
    text += line(note, "note", name);
  // A pass that visits an op twice says it twice.
  if (errors.find(text) == std::string::npos)
    errors += text;
}

llvm::Error DiagnosticText::takeError(const llvm::Twine &fallback) {
  std::string text = std::move(errors);
  errors.clear();
  if (text.empty())
    text = name + ": error: " + fallback.str();
  return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                 llvm::StringRef(text).rtrim());
}

} // namespace llsa
