//===- Instructions.cpp - opcode to group -----------------------*- C++ -*-===//
#include "runtime/emulator/Instructions.h"

#include "llvm/ADT/StringExtras.h"
#include <fmt/format.h>

using namespace llvm;

namespace llsa::ptx {

GroupDecoder groupDecoder(StringRef opcode) {
  static const StringMap<GroupDecoder> table = {
      {"mov", decodeMove},
      {"cvta", decodeAddressCast},
      {"isspacep", decodeIsSpace},
      {"add", decodeArithmetic},
      {"sub", decodeArithmetic},
      {"mul", decodeArithmetic},
      {"mul24", decodeArithmetic},
      {"mad", decodeArithmetic},
      {"mad24", decodeArithmetic},
      {"fma", decodeArithmetic},
      {"div", decodeArithmetic},
      {"rem", decodeArithmetic},
      {"min", decodeArithmetic},
      {"max", decodeArithmetic},
      {"abs", decodeArithmetic},
      {"neg", decodeArithmetic},
      {"sad", decodeArithmetic},
      {"copysign", decodeArithmetic},
      {"addc", decodeCarry},
      {"subc", decodeCarry},
      {"madc", decodeCarry},
      {"and", decodeLogic},
      {"or", decodeLogic},
      {"xor", decodeLogic},
      {"not", decodeLogic},
      {"cnot", decodeLogic},
      {"lop3", decodeBits},
      {"shl", decodeBits},
      {"shr", decodeBits},
      {"shf", decodeBits},
      {"bfe", decodeBits},
      {"bfi", decodeBits},
      {"bfind", decodeBits},
      {"bmsk", decodeBits},
      {"brev", decodeBits},
      {"clz", decodeBits},
      {"popc", decodeBits},
      {"prmt", decodeBits},
      {"selp", decodeSelect},
      {"slct", decodeSelect},
      {"setp", decodeCompare},
      {"set", decodeCompare},
      {"testp", decodeCompare},
      {"cvt", decodeConvert},
      {"rcp", decodeMath},
      {"sqrt", decodeMath},
      {"rsqrt", decodeMath},
      {"ex2", decodeMath},
      {"lg2", decodeMath},
      {"sin", decodeMath},
      {"cos", decodeMath},
      {"tanh", decodeMath},
      {"dp4a", decodeDotProduct},
      {"dp2a", decodeDotProduct},
      {"ld", decodeLoad},
      {"ldu", decodeLoad},
      {"st", decodeStore},
      {"atom", decodeAtomic},
      {"red", decodeAtomic},
      {"prefetch", decodeNothing},
      {"prefetchu", decodeNothing},
      {"applypriority", decodeNothing},
      {"discard", decodeNothing},
      {"createpolicy", decodeNothing},
      {"griddepcontrol", decodeNothing},
      {"setmaxnreg", decodeNothing},
      {"pmevent", decodeNothing},
      {"membar", decodeFence},
      {"fence", decodeFence},
      {"bra", decodeBranch},
      {"brx", decodeBranchIndexed},
      {"call", decodeCall},
      {"ret", decodeReturn},
      {"exit", decodeReturn},
      {"trap", decodeTrap},
      {"brkpt", decodeTrap},
      {"nanosleep", decodeNanosleep},
      {"bar", decodeBarrier},
      {"barrier", decodeBarrier},
      {"shfl", decodeShuffle},
      {"vote", decodeVote},
      {"match", decodeMatch},
      {"redux", decodeReduce},
      {"activemask", decodeActiveMask},
      {"elect", decodeElect},
      {"ldmatrix", decodeMatrixLoad},
      {"stmatrix", decodeMatrixStore},
      {"movmatrix", decodeMatrixMove},
      {"mma", decodeMma},
      {"wgmma", decodeWgmma},
      {"cp", decodeCopyAsync},
      {"mbarrier", decodeMBarrier},
  };
  return table.lookup(opcode);
}

std::string oneLine(StringRef text) {
  std::string line;
  for (char c : text) {
    if (isSpace(c)) {
      if (!line.empty() && line.back() != ' ')
        line.push_back(' ');
    } else {
      line.push_back(c);
    }
  }
  return line;
}

std::string Kernel::describe(const Instruction &instruction) const {
  const Statement &statement = *sources[instruction.statement];
  return fmt::format("PTX line {} ('{}')", statement.line,
                     oneLine(statement.text));
}

} // namespace llsa::ptx
