//===- Instructions.h - the groups of instructions --------------*- C++ -*-===//
//
// One file per group. A decode function reads the decoder's statement and
// finishes one or more instructions with handlers of its file; false means
// that the form is not supported, unless it has failed with a better message.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_EMULATOR_INSTRUCTIONS_H
#define LLSA_RUNTIME_EMULATOR_INSTRUCTIONS_H

#include "runtime/emulator/Decoder.h"

namespace llsa::ptx {

using GroupDecoder = bool (*)(Decoder &);

/// The decode function of an opcode ("ld"), or null.
GroupDecoder groupDecoder(llvm::StringRef opcode);

/// A statement's text on one line, for messages.
std::string oneLine(llvm::StringRef text);

// Scalars.
bool decodeMove(Decoder &d);        // mov
bool decodeAddressCast(Decoder &d); // cvta
bool decodeIsSpace(Decoder &d);     // isspacep
bool decodeArithmetic(Decoder &d);  // add sub mul mad fma div rem min max ...
bool decodeCarry(Decoder &d);       // addc subc madc
bool decodeLogic(Decoder &d);       // and or xor not cnot
bool decodeBits(Decoder &d);        // shl shr shf bfe bfi bfind brev clz ...
bool decodeSelect(Decoder &d);      // selp slct
bool decodeCompare(Decoder &d);     // setp set testp
bool decodeConvert(Decoder &d);     // cvt
bool decodeMath(Decoder &d);        // rcp sqrt rsqrt ex2 lg2 sin cos tanh
bool decodeDotProduct(Decoder &d);  // dp4a dp2a

// Memory.
bool decodeLoad(Decoder &d);
bool decodeStore(Decoder &d);
bool decodeAtomic(Decoder &d);  // atom red
bool decodeNothing(Decoder &d); // hints: prefetch, griddepcontrol, ...
bool decodeFence(Decoder &d);   // membar fence

// Control.
bool decodeBranch(Decoder &d);
bool decodeBranchIndexed(Decoder &d);
bool decodeCall(Decoder &d);
bool decodeReturn(Decoder &d); // ret exit
bool decodeTrap(Decoder &d);
bool decodeNanosleep(Decoder &d);

// Warps and CTAs.
bool decodeBarrier(Decoder &d); // bar barrier
bool decodeShuffle(Decoder &d);
bool decodeVote(Decoder &d);
bool decodeMatch(Decoder &d);
bool decodeReduce(Decoder &d); // redux
bool decodeActiveMask(Decoder &d);
bool decodeElect(Decoder &d);

// Matrices.
bool decodeMatrixLoad(Decoder &d);  // ldmatrix
bool decodeMatrixStore(Decoder &d); // stmatrix
bool decodeMatrixMove(Decoder &d);  // movmatrix
bool decodeMma(Decoder &d);
bool decodeWgmma(Decoder &d);

// Asynchronous copies.
bool decodeCopyAsync(Decoder &d); // cp.async, cp.async.bulk
bool decodeMBarrier(Decoder &d);

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_INSTRUCTIONS_H
