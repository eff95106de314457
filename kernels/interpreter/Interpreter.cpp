//===- Interpreter.cpp - any variant in the reference's arithmetic --------===//
#include "kernels/interpreter/Interpreter.h"
#include "dialects/Register.h"
#include "kernels/interpreter/Evaluator.h"
#include "kernels/interpreter/GradientEvaluator.h"
#include "kernels/interpreter/StoredTokens.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Support/DebugStringHelper.h"
#include "llvm/ADT/SmallPtrSet.h"

using namespace llsa;
using namespace llsa::reference;

struct Interpreter::Impl {
  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::func::FuncOp entry;
  std::unique_ptr<SelectionNumbers> numbers;
  std::string name;
  bool tf32 = false; ///< the spec says so
  std::vector<Port> inputs, outputs, selections;

  llvm::Error error(const llvm::Twine &message) const {
    return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                   name + ": " + message);
  }
  llvm::Error parse(llvm::StringRef text);
  llvm::Error readSpec();
  llvm::Error findEntry();
  llvm::Expected<Port> portOf(mlir::Type type, llvm::StringRef portName) const;
  llvm::Error describePorts();
  int64_t indexLimitOf(mlir::Value argument) const;
  llvm::Error bindInputs(Evaluator &evaluator, const NamedArrays &arrays) const;
  llvm::Error verifySelections(const NamedIndices &given) const;
};

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

llvm::Error Interpreter::Impl::parse(llvm::StringRef text) {
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  context.appendDialectRegistry(registry);
  std::string problem;
  mlir::ScopedDiagnosticHandler handler(&context,
                                        [&](mlir::Diagnostic &diagnostic) {
                                          if (problem.empty())
                                            problem = diagnostic.str();
                                          return mlir::success();
                                        });
  module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  if (!module)
    return error("the bound variant cannot be read: " + problem);
  return llvm::Error::success();
}

/// The driver's text has its spec; what a test wrote by hand need not.
llvm::Error Interpreter::Impl::readSpec() {
  auto text = module.get()->getAttrOfType<mlir::StringAttr>("llsa.spec");
  if (!text)
    return llvm::Error::success();
  llvm::Expected<KernelSpec> spec = KernelSpec::parse(text);
  if (!spec)
    return error("llsa.spec: " + llvm::toString(spec.takeError()));
  tf32 = spec->tf32;
  return llvm::Error::success();
}

llvm::Error Interpreter::Impl::findEntry() {
  for (auto function : module->getOps<mlir::func::FuncOp>()) {
    if (!function.isPublic())
      continue;
    if (entry)
      return error("expected one public function, found @" + entry.getName() +
                   " and @" + function.getName());
    entry = function;
  }
  if (!entry || entry.isExternal())
    return error("expected one public function with a body, found none");
  return llvm::Error::success();
}

llvm::Expected<Port> Interpreter::Impl::portOf(mlir::Type type,
                                               llvm::StringRef portName) const {
  Port port;
  port.name = portName.str();
  auto tensor = llvm::dyn_cast<mlir::RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape())
    return error("'" + portName + "' is no tensor with bound sizes");
  port.shape = tensor.getShape().vec();
  std::optional<ElementType> element =
      elementTypeNamed(mlir::debugString(tensor.getElementType()));
  if (!element)
    return error("'" + portName +
                 "' has elements other than f32, bf16, f16, i32 and i8");
  port.type = *element;
  return port;
}

/// How far entries of an argument may go, from the ops that use it as indices.
int64_t Interpreter::Impl::indexLimitOf(mlir::Value argument) const {
  int64_t limit = 0;
  auto restrict = [&](int64_t to) {
    limit = limit == 0 ? to : std::min(limit, to);
  };
  auto blocksOf = [](mlir::Value keys, int64_t block) {
    return (shapeOf(keys)[2] + block - 1) / block;
  };
  for (mlir::Operation *user : argument.getUsers()) {
    if (auto select = llvm::dyn_cast<SelectOp>(user)) {
      if (select.getWithin() == argument)
        restrict(blocksOf(select.getKeys(), *select.getBlock()));
    } else if (auto invert = llvm::dyn_cast<InvertIndicesOp>(user)) {
      if (invert.getIndices() == argument)
        restrict(blocksOf(invert.getKeys(), invert.getBlock().value_or(1)));
    } else if (auto attend = llvm::dyn_cast<AttendOp>(user)) {
      for (unsigned i = 0; i < attend.getSources().size(); ++i)
        if (attend.getIndicesOf(i) == argument)
          restrict(
              blocksOf(attend.getKeys()[i], attend.getSource(i).getBlock()));
    }
  }
  return limit;
}

llvm::Error Interpreter::Impl::describePorts() {
  auto nameOf = [](mlir::Attribute attribute) {
    auto text = llvm::dyn_cast_or_null<mlir::StringAttr>(attribute);
    return text ? text.getValue() : llvm::StringRef();
  };
  for (mlir::BlockArgument argument : entry.getArguments()) {
    unsigned i = argument.getArgNumber();
    llvm::Expected<Port> port =
        portOf(argument.getType(), nameOf(entry.getArgAttr(i, "llsa.name")));
    if (!port)
      return port.takeError();
    port->indexLimit = indexLimitOf(argument);
    inputs.push_back(std::move(*port));
  }
  for (unsigned i = 0; i < entry.getNumResults(); ++i) {
    llvm::Expected<Port> port = portOf(
        entry.getResultTypes()[i], nameOf(entry.getResultAttr(i, "llsa.name")));
    if (!port)
      return port.takeError();
    outputs.push_back(std::move(*port));
  }
  for (const SelectionNumbers::Selection &selection : numbers->all()) {
    Port port;
    port.name = numbers->nameOf(selection.op, selection.level);
    port.type = ElementType::I32;
    if (auto select = llvm::dyn_cast<SelectOp>(selection.op)) {
      port.shape = shapeOf(select.getResult());
      if (auto pool = select.getQuery().getDefiningOp<PoolOp>())
        port.block = pool.getBlock();
    } else {
      auto attention = llvm::cast<AttentionOp>(selection.op);
      Hierarchy hierarchy = hierarchyOf(attention);
      port.block = hierarchy.block;
      port.shape = shapeOf(attention.getQuery());
      for (int64_t level = 1; level <= selection.level; ++level)
        port.shape[2] = (port.shape[2] + hierarchy.block - 1) / hierarchy.block;
      port.shape[3] = hierarchy.topkAt(selection.level);
    }
    selections.push_back(std::move(port));
  }
  return llvm::Error::success();
}

llvm::Expected<Interpreter> Interpreter::create(llvm::StringRef boundText,
                                                llvm::StringRef name) {
  auto impl = std::make_unique<Impl>();
  impl->name = name.str();
  if (llvm::Error error = impl->parse(boundText))
    return error;
  if (llvm::Error error = impl->readSpec())
    return error;
  if (llvm::Error error = impl->findEntry())
    return error;
  impl->numbers = std::make_unique<SelectionNumbers>(impl->entry);
  if (llvm::Error error = impl->describePorts())
    return error;
  return Interpreter(std::move(impl));
}

Interpreter::Interpreter(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
Interpreter::Interpreter(Interpreter &&) = default;
Interpreter::~Interpreter() = default;

const std::vector<Port> &Interpreter::inputs() const { return impl->inputs; }
const std::vector<Port> &Interpreter::outputs() const { return impl->outputs; }
const std::vector<Port> &Interpreter::selections() const {
  return impl->selections;
}

bool Interpreter::headsAreAlike() const {
  bool alike = true;
  impl->entry.walk([&](mlir::Operation *op) {
    for (mlir::Region &region : op->getRegions())
      if (llvm::isa<AttendOp, AttentionOp>(op) && !region.empty())
        alike &= region.getArgument(1).use_empty() &&
                 region.getArgument(2).use_empty();
  });
  return alike;
}

DType Interpreter::unitsOf(ElementType type, size_t rank) const {
  DType dtype = type == ElementType::BF16  ? DType::BF16
                : type == ElementType::F16 ? DType::F16
                                           : DType::F32;
  return reference::unitsOf(dtype, impl->tf32 && rank == 4);
}

//===----------------------------------------------------------------------===//
// Evaluating
//===----------------------------------------------------------------------===//

double Evaluation::keysPerQuery() const {
  double average = 0;
  for (const IndexArray &counts : seen) {
    double sum = 0;
    for (int32_t count : counts.data)
      sum += count;
    average += counts.data.empty() ? 0 : sum / double(counts.data.size());
  }
  return average;
}

llvm::Error Interpreter::Impl::bindInputs(Evaluator &evaluator,
                                          const NamedArrays &arrays) const {
  auto shapeText = [](const std::vector<int64_t> &shape) {
    std::string text;
    for (int64_t size : shape)
      text += (text.empty() ? "" : "x") + std::to_string(size);
    return text;
  };
  for (size_t i = 0; i < inputs.size(); ++i) {
    auto found = arrays.find(inputs[i].name);
    if (found == arrays.end())
      return error("input '" + inputs[i].name + "' is missing");
    if (found->second.shape != inputs[i].shape)
      return error("input '" + inputs[i].name + "': expected shape " +
                   shapeText(inputs[i].shape) + ", got " +
                   shapeText(found->second.shape));
    evaluator.bind(const_cast<mlir::func::FuncOp &>(entry).getArgument(i),
                   found->second);
  }
  return llvm::Error::success();
}

llvm::Expected<Evaluation>
Interpreter::evaluate(const NamedArrays &inputs,
                      const EvaluateOptions &options) const {
  Evaluator evaluator(*impl->numbers, {options.plain, options.fused, impl->tf32,
                                       options.forced, options.rows});
  if (llvm::Error error = impl->bindInputs(evaluator, inputs))
    return error;
  Evaluation out;
  mlir::Operation *end = impl->entry.getBody().front().getTerminator();
  for (size_t i = 0; i < impl->outputs.size(); ++i) {
    mlir::Value value = end->getOperand(i);
    auto array = evaluator.array(value);
    if (!array)
      return array.takeError();
    llvm::Expected<TensorValue> tensor = evaluator.tensor(value);
    if (!tensor)
      return tensor.takeError();
    out.outputs[impl->outputs[i].name] = {**array, tensor->sampled};
  }
  out.seen = evaluator.seen();
  return out;
}

llvm::Expected<std::map<std::string, EvaluatedOutput>>
Interpreter::gradients(const NamedArrays &inputs,
                       const NamedArrays &resultGradients,
                       const EvaluateOptions &options) const {
  Evaluator forward(*impl->numbers, {options.plain, options.fused, impl->tf32,
                                     options.forced, options.rows});
  if (llvm::Error error = impl->bindInputs(forward, inputs))
    return error;
  mlir::Block &body = impl->entry.getBody().front();
  GradientEvaluator backward(forward, *impl->numbers, options.rows);
  for (const auto &[name, gradient] : resultGradients) {
    auto port = llvm::find_if(
        impl->outputs, [&](const Port &port) { return port.name == name; });
    if (port == impl->outputs.end())
      return impl->error("there is no result '" + name +
                         "' that could have a gradient");
    if (port->shape != gradient.shape)
      return impl->error("the gradient of '" + name +
                         "' has another shape than the result");
    mlir::Value value = body.getTerminator()->getOperand(
        static_cast<unsigned>(port - impl->outputs.begin()));
    if (llvm::Error error = backward.add(value, gradient))
      return error;
  }
  if (llvm::Error error = backward.run(body))
    return error;
  std::map<std::string, EvaluatedOutput> out;
  for (size_t i = 0; i < impl->inputs.size(); ++i)
    if (const EvaluatedOutput *found =
            backward.find(body.getArgument(static_cast<unsigned>(i))))
      out.emplace(impl->inputs[i].name, *found);
  return out;
}

llvm::Expected<NamedIndices>
Interpreter::select(const NamedArrays &inputs) const {
  Evaluator evaluator(*impl->numbers, {});
  if (llvm::Error error = impl->bindInputs(evaluator, inputs))
    return error;
  NamedIndices out;
  for (const SelectionNumbers::Selection &selection : impl->numbers->all()) {
    std::string name = impl->numbers->nameOf(selection.op, selection.level);
    if (auto select = llvm::dyn_cast<SelectOp>(selection.op)) {
      auto indices = evaluator.indices(select.getResult());
      if (!indices)
        return indices.takeError();
      out[name] = **indices;
      continue;
    }
    auto levels = evaluator.selectionsOf(llvm::cast<AttentionOp>(selection.op));
    if (!levels)
      return levels.takeError();
    out[name] = (*levels)[static_cast<size_t>(selection.level - 1)];
  }
  return out;
}

//===----------------------------------------------------------------------===//
// Checking selections
//===----------------------------------------------------------------------===//

llvm::Error
Interpreter::Impl::verifySelections(const NamedIndices &given) const {
  for (const Port &selection : selections) {
    auto found = given.find(selection.name);
    if (found == given.end())
      return error("the selection '" + selection.name + "' is missing");
    if (found->second.shape != selection.shape)
      return error("the selection '" + selection.name +
                   "' has another shape than the variant's");
  }
  return llvm::Error::success();
}

/// Checks the levels of a composite, coarse to fine.
static llvm::Expected<IndexCheck>
checkComposite(AttentionOp op, StoredTokens &stored,
               const SelectionNumbers &numbers, const NamedIndices &given) {
  Hierarchy hierarchy = hierarchyOf(op);
  DType dtype = dtypeOf(op.getQuery()).value_or(DType::F32);
  auto query = stored.of(op.getQuery()), keys = stored.of(op.getKeys());
  if (!query || !keys)
    return llvm::joinErrors(query.takeError(), keys.takeError());
  std::vector<Slacked> queries, levelKeys;
  for (int64_t level = 1; level <= hierarchy.levels; ++level) {
    queries.push_back(poolStored(level == 1 ? **query : queries.back(),
                                 hierarchy.block, dtype));
    levelKeys.push_back(poolStored(level == 1 ? **keys : levelKeys.back(),
                                   hierarchy.block, dtype));
  }
  IndexCheck out;
  for (int64_t level = hierarchy.levels; level >= 1; --level) {
    Within within;
    if (level < hierarchy.levels)
      within = {&given.at(numbers.nameOf(op, level + 1)), hierarchy.block};
    std::string name = numbers.nameOf(op, level);
    out.add(checkSelection(name, given.at(name), queries[level - 1],
                           levelKeys[level - 1], hierarchy.topkAt(level),
                           within));
  }
  return out;
}

llvm::Expected<IndexCheck>
Interpreter::checkSelections(const NamedArrays &inputs,
                             const NamedIndices &selections) const {
  if (llvm::Error error = impl->verifySelections(selections))
    return error;
  Evaluator::Options options;
  options.forced = &selections;
  Evaluator evaluator(*impl->numbers, options);
  if (llvm::Error error = impl->bindInputs(evaluator, inputs))
    return error;
  StoredTokens stored(evaluator);
  IndexCheck out;
  // Coarse before fine: the first message is then about the cause.
  const auto &all = impl->numbers->all();
  llvm::SmallPtrSet<mlir::Operation *, 4> composites;
  for (auto selection = all.rbegin(); selection != all.rend(); ++selection) {
    if (auto attention = llvm::dyn_cast<AttentionOp>(selection->op)) {
      if (!composites.insert(attention).second)
        continue; // all its levels at once
      auto check =
          checkComposite(attention, stored, *impl->numbers, selections);
      if (!check)
        return check.takeError();
      out.add(*check);
      continue;
    }
    auto select = llvm::cast<SelectOp>(selection->op);
    auto query = stored.of(select.getQuery()),
         keys = stored.of(select.getKeys());
    if (!query || !keys)
      return llvm::joinErrors(query.takeError(), keys.takeError());
    std::shared_ptr<const IndexArray> coarser;
    Within within;
    if (select.getWithin()) {
      auto found = evaluator.indices(select.getWithin());
      if (!found)
        return found.takeError();
      coarser = *found;
      within = {coarser.get(), static_cast<int64_t>(*select.getBlock())};
    }
    std::string name = impl->numbers->nameOf(select);
    out.add(checkSelection(name, selections.at(name), **query, **keys,
                           select.getTopk(), within));
  }
  return out;
}
