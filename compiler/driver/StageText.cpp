//===- StageText.cpp --------------------------------------------*- C++ -*-===//
#include "compiler/driver/StageText.h"

#include "compiler/driver/KnownOps.h"
#include "compiler/driver/Nesting.h"
#include "mlir/IR/AsmState.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Metadata.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace llsa {

namespace {

constexpr llvm::StringLiteral kSpecAttr = "llsa.spec";
constexpr llvm::StringLiteral kVariantAttr = "llsa.variant";
constexpr llvm::StringLiteral kPlanResource = "llsa_program";
constexpr llvm::StringLiteral kPlanKey = "plan";
constexpr llvm::StringLiteral kPlanMetadata = "llsa.program";

LogicalResult checkNesting(StringRef source, StringRef name,
                           MLIRContext &context) {
  std::optional<size_t> place = findDeepNesting(source);
  if (!place)
    return success();
  StringRef before = source.take_front(*place);
  size_t column = *place - (before.rfind('\n') + 1); // npos + 1 is 0
  return emitError(FileLineColLoc::get(&context, name,
                                       unsigned(before.count('\n') + 1),
                                       unsigned(column + 1)))
         << "expected brackets and operators within each other at most "
         << kMostNesting << " deep, got more";
}

} // namespace

std::string printModule(ModuleOp module, StringRef plan, bool locations) {
  std::string text;
  llvm::raw_string_ostream os(text);
  AsmState state(module, OpPrintingFlags().enableDebugInfo(locations));
  if (!plan.empty())
    state.attachResourcePrinter(kPlanResource,
                                [&](Operation *, AsmResourceBuilder &builder) {
                                  builder.buildString(kPlanKey, plan);
                                });
  module.print(os, state);
  os << '\n';
  return text;
}

OwningOpRef<ModuleOp> parseModule(StringRef source, StringRef name,
                                  MLIRContext &context, std::string &plan) {
  if (failed(checkNesting(source, name, context)))
    return nullptr;
  ParserConfig config(&context);
  config.attachResourceParser(
      kPlanResource, [&](AsmParsedResourceEntry &entry) -> LogicalResult {
        FailureOr<std::string> text = entry.parseAsString();
        if (failed(text))
          return failure();
        plan = std::move(*text);
        return success();
      });
  context.allowUnregisteredDialects(true);
  auto module = parseSourceString<ModuleOp>(source, config, name);
  context.allowUnregisteredDialects(false);
  if (module && failed(checkKnown(*module)))
    return nullptr;
  return module;
}

void attachPlan(llvm::Module &module, StringRef plan) {
  llvm::LLVMContext &context = module.getContext();
  llvm::NamedMDNode *node = module.getOrInsertNamedMetadata(kPlanMetadata);
  node->clearOperands();
  node->addOperand(
      llvm::MDNode::get(context, llvm::MDString::get(context, plan)));
}

std::string readPlan(const llvm::Module &module) {
  const llvm::NamedMDNode *node = module.getNamedMetadata(kPlanMetadata);
  if (!node || node->getNumOperands() != 1 ||
      node->getOperand(0)->getNumOperands() != 1)
    return "";
  auto *text =
      llvm::dyn_cast<llvm::MDString>(node->getOperand(0)->getOperand(0));
  return text ? text->getString().str() : "";
}

std::string printModule(const llvm::Module &module) {
  std::string text;
  llvm::raw_string_ostream os(text);
  // The code generator's choices follow the order of a value's uses.
  module.print(os, nullptr, /*ShouldPreserveUseListOrder=*/true);
  // But LLVM's parser refuses what its printer says of inline assembly, and no
  // choice follows that.
  std::string readable;
  for (StringRef line : llvm::split(text, '\n'))
    if (!line.starts_with("uselistorder ptr asm "))
      readable += (line + "\n").str();
  readable.pop_back();
  return readable;
}

void writeHeader(ModuleOp module, const KernelSpec &spec, StringRef variant) {
  auto set = [&](StringRef name, StringRef value) {
    module->setAttr(name, StringAttr::get(module.getContext(), value));
  };
  set(kSpecAttr, spec.str());
  set(kVariantAttr, variant);
}

llvm::Expected<KernelSpec> readHeader(ModuleOp module, std::string &variant) {
  auto spec = module->getAttrOfType<StringAttr>(kSpecAttr);
  auto name = module->getAttrOfType<StringAttr>(kVariantAttr);
  if (!spec || !name)
    return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                   "expected a module with the attributes " +
                                       kSpecAttr + " and " + kVariantAttr +
                                       ", as --stop-after prints it");
  variant = name.str();
  return KernelSpec::parse(spec.getValue());
}

} // namespace llsa
