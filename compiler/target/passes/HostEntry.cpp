//===- HostEntry.cpp - the entry that the runtime calls ---------*- C++ -*-===//
//
// Why two functions: `noalias` exists on function arguments alone, and the
// entry has but one pointer. So the entry unpacks the descriptors and calls the
// body, whose arguments are plain pointers and open strides.
//
//===----------------------------------------------------------------------===//
#include "compiler/target/passes/Passes.h"

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace llsa {

#define GEN_PASS_DEF_HOSTENTRYPASS
#include "compiler/target/passes/Passes.h.inc"

namespace {

/// One value that the entry reads from a descriptor and hands to the body.
struct Field {
  enum Kind { Pointer, Offset, Size, Stride } kind;
  int64_t dimension = 0; ///< of Size and Stride
};

/// A buffer argument: its type's static parts and the fields left open.
struct BufferArgument {
  MemRefType type;
  int64_t offset = 0;
  SmallVector<int64_t> strides;
  SmallVector<Field> fields;
};

/// Reads the kernel's signature; an error says what it should look like.
LogicalResult readSignature(func::FuncOp kernel,
                            SmallVectorImpl<BufferArgument> &buffers) {
  ArrayRef<Type> types = kernel.getArgumentTypes();
  if (types.size() < 2 || !types.end()[-1].isIndex() ||
      !types.end()[-2].isIndex() || kernel.getNumResults() != 0)
    return kernel.emitOpError()
           << "is no kernel: expected (memref..., index, index) -> (), got "
           << kernel.getFunctionType();
  for (Type type : types.drop_back(2)) {
    BufferArgument buffer;
    buffer.type = dyn_cast<MemRefType>(type);
    if (!buffer.type ||
        failed(buffer.type.getStridesAndOffset(buffer.strides, buffer.offset)))
      return kernel.emitOpError()
             << "is no kernel: expected strided memrefs before the two "
                "indices, got "
             << type;
    buffer.fields.push_back({Field::Pointer});
    if (ShapedType::isDynamic(buffer.offset))
      buffer.fields.push_back({Field::Offset});
    for (int64_t i = 0; i < buffer.type.getRank(); ++i) {
      if (buffer.type.isDynamicDim(i))
        buffer.fields.push_back({Field::Size, i});
      if (ShapedType::isDynamic(buffer.strides[i]))
        buffer.fields.push_back({Field::Stride, i});
    }
    buffers.push_back(std::move(buffer));
  }
  return success();
}

/// The 8-byte word of a memref descriptor in which `field` lies:
/// {allocated, aligned, offset, sizes[rank], strides[rank]}.
int64_t wordOf(Field field, int64_t rank) {
  switch (field.kind) {
  case Field::Pointer:
    return 1;
  case Field::Offset:
    return 2;
  case Field::Size:
    return 3 + field.dimension;
  case Field::Stride:
    return 3 + rank + field.dimension;
  }
  llvm_unreachable("all kinds are listed");
}

class EntryBuilder {
public:
  EntryBuilder(func::FuncOp kernel, ArrayRef<BufferArgument> buffers)
      : kernel(kernel), buffers(buffers), builder(kernel), loc(kernel.getLoc()),
        pointer(LLVM::LLVMPointerType::get(kernel.getContext())),
        word(builder.getI64Type()), converter(kernel.getContext()) {}

  void run() {
    LLVM::LLVMFuncOp items = makeItems();
    makeEntry(items);
    kernel.erase();
  }

private:
  Value constant(int64_t value) {
    return LLVM::ConstantOp::create(builder, loc, word,
                                    builder.getI64IntegerAttr(value));
  }

  Value castTo(Type type, Value value) {
    return UnrealizedConversionCastOp::create(builder, loc, type, value)
        .getResult(0);
  }

  LLVM::LLVMFunctionType functionType(ArrayRef<Type> arguments) {
    return LLVM::LLVMFunctionType::get(
        LLVM::LLVMVoidType::get(builder.getContext()), arguments);
  }

  /// `@k.items`: the body of the kernel, on plain pointers.
  LLVM::LLVMFuncOp makeItems() {
    SmallVector<Type> types;
    SmallVector<unsigned> pointers;
    for (const BufferArgument &buffer : buffers)
      for (Field field : buffer.fields) {
        if (field.kind == Field::Pointer)
          pointers.push_back(types.size());
        types.push_back(field.kind == Field::Pointer ? Type(pointer) : word);
      }
    types.append(2, word); // first, last
    auto items = LLVM::LLVMFuncOp::create(
        builder, loc, (kernel.getName() + ".items").str(), functionType(types),
        LLVM::Linkage::Internal);
    items.setNoInline(true);
    for (unsigned i : pointers) {
      items.setArgAttr(i, LLVM::LLVMDialect::getNoAliasAttrName(),
                       builder.getUnitAttr());
      items.setArgAttr(i, LLVM::LLVMDialect::getNonNullAttrName(),
                       builder.getUnitAttr());
    }
    moveBody(items, types);
    return items;
  }

  void moveBody(LLVM::LLVMFuncOp items, ArrayRef<Type> types) {
    items.getBody().takeBody(kernel.getBody());
    Block &block = items.getBody().front();
    unsigned numOld = block.getNumArguments();
    SmallVector<Value> arguments;
    for (Type type : types)
      arguments.push_back(block.addArgument(type, loc));

    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&block);
    size_t next = 0;
    for (auto [i, buffer] : llvm::enumerate(buffers))
      block.getArgument(i).replaceAllUsesWith(makeMemRef(
          buffer, ArrayRef(arguments).slice(next, buffer.fields.size()))),
          next += buffer.fields.size();
    for (unsigned i = numOld - 2; i < numOld; ++i)
      block.getArgument(i).replaceAllUsesWith(
          castTo(builder.getIndexType(), arguments[next++]));
    block.eraseArguments(0, numOld);

    SmallVector<func::ReturnOp> returns;
    items.walk([&](func::ReturnOp op) { returns.push_back(op); });
    for (func::ReturnOp op : returns) {
      builder.setInsertionPoint(op);
      LLVM::ReturnOp::create(builder, op.getLoc(), ValueRange());
      op.erase();
    }
  }

  /// A memref made of `fields`, in the order of `buffer.fields`, and of what
  /// its type says.
  Value makeMemRef(const BufferArgument &buffer, ArrayRef<Value> fields) {
    auto descriptor = MemRefDescriptor::poison(
        builder, loc, converter.convertType(buffer.type));
    descriptor.setAllocatedPtr(builder, loc, fields[0]);
    descriptor.setAlignedPtr(builder, loc, fields[0]);
    if (!ShapedType::isDynamic(buffer.offset))
      descriptor.setOffset(builder, loc, constant(buffer.offset));
    for (int64_t i = 0; i < buffer.type.getRank(); ++i) {
      if (!buffer.type.isDynamicDim(i))
        descriptor.setSize(builder, loc, i,
                           constant(buffer.type.getDimSize(i)));
      if (!ShapedType::isDynamic(buffer.strides[i]))
        descriptor.setStride(builder, loc, i, constant(buffer.strides[i]));
    }
    for (auto [field, value] : llvm::zip(buffer.fields, fields)) {
      if (field.kind == Field::Offset)
        descriptor.setOffset(builder, loc, value);
      if (field.kind == Field::Size)
        descriptor.setSize(builder, loc, field.dimension, value);
      if (field.kind == Field::Stride)
        descriptor.setStride(builder, loc, field.dimension, value);
    }
    return castTo(buffer.type, descriptor);
  }

  /// `@k`: unpacks the descriptors and calls `items`.
  void makeEntry(LLVM::LLVMFuncOp items) {
    Type types[] = {pointer, word, word};
    auto entry = LLVM::LLVMFuncOp::create(builder, loc, kernel.getName(),
                                          functionType(types));
    Block *block = entry.addEntryBlock(builder);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(block);
    SmallVector<Value> operands;
    for (auto [i, buffer] : llvm::enumerate(buffers)) {
      Value descriptor = load(pointer, block->getArgument(0), i);
      for (Field field : buffer.fields)
        operands.push_back(
            load(field.kind == Field::Pointer ? Type(pointer) : word,
                 descriptor, wordOf(field, buffer.type.getRank())));
    }
    operands.push_back(block->getArgument(1));
    operands.push_back(block->getArgument(2));
    LLVM::CallOp::create(builder, loc, items, operands);
    LLVM::ReturnOp::create(builder, loc, ValueRange());
  }

  /// Loads the 8-byte word at `base[index]`.
  Value load(Type type, Value base, int64_t index) {
    Value address = LLVM::GEPOp::create(builder, loc, pointer, word, base,
                                        ArrayRef<LLVM::GEPArg>{int32_t(index)});
    return LLVM::LoadOp::create(builder, loc, type, address);
  }

  func::FuncOp kernel;
  ArrayRef<BufferArgument> buffers;
  OpBuilder builder;
  Location loc;
  LLVM::LLVMPointerType pointer;
  Type word;
  LLVMTypeConverter converter;
};

struct HostEntryPass : impl::HostEntryPassBase<HostEntryPass> {
  void runOnOperation() override {
    SmallVector<func::FuncOp> kernels;
    for (auto kernel : getOperation().getOps<func::FuncOp>())
      if (!kernel.isPrivate() && !kernel.isDeclaration())
        kernels.push_back(kernel);
    for (func::FuncOp kernel : kernels) {
      SmallVector<BufferArgument> buffers;
      if (failed(readSignature(kernel, buffers)))
        return signalPassFailure();
      EntryBuilder(kernel, buffers).run();
    }
  }
};

} // namespace
} // namespace llsa
