//===- KernelBuilder.h - one tile.kernel and its launch ---------*- C++ -*-===//
#ifndef LLSA_COMPILER_CONVERSION_LLSATOTILE_KERNELBUILDER_H
#define LLSA_COMPILER_CONVERSION_LLSATOTILE_KERNELBUILDER_H

#include "compiler/conversion/llsa-to-tile/HostBuilder.h"
#include "compiler/conversion/llsa-to-tile/TileBuilder.h"
#include "dialects/tile/TileDialect.h"

namespace llsa {

/// How the rows of a tensor [B, H, M, ...] are dealt out to work items: tiles
/// of `rows` rows that never cross a multiple of `granule`. Queries that share
/// an index row so stay in tiles of their own.
///
/// With `warps` > 1 that many consecutive tiles of one head are the warps of a
/// CTA: tiles are numbered through within a head, and their number is rounded
/// up. Warps beyond the last tile repeat its address and own no rows.
struct RowGrid {
  int64_t batch, heads, tokens, granule, rows, warps;
  /// Tiles of consecutive rows.
  static RowGrid plain(mlir::RankedTensorType tensor,
                       tile::ScheduleAttr schedule);
  /// Tiles that stay within runs of `granule` rows; the same as plain ones
  /// when these do.
  static RowGrid granular(mlir::RankedTensorType tensor, int64_t granule,
                          tile::ScheduleAttr schedule);

  bool isGranular() const { return granule != rows; }
  int64_t tilesPerGranule() const;
  /// Tiles of one head, without the ones that fill up a CTA.
  int64_t numTiles() const;
  /// [B, H, ceil(M / rows)] or [B, H, ceil(M / granule), ceil(granule / rows)];
  /// with warps [B, H, numTiles() rounded up].
  llvm::SmallVector<int64_t> items() const;
};

/// One work item of a RowGrid.
struct RowTile {
  mlir::Value batch, head;
  mlir::Value start; ///< the first row
  mlir::Value rows;  ///< how many rows exist; null: all
};

/// Builds a kernel. Its arguments are the buffers that somebody asks for, in
/// the order of asking.
class KernelBuilder : public TileBuilder {
public:
  KernelBuilder(HostBuilder &host, mlir::Location loc, llvm::StringRef name,
                llvm::ArrayRef<int64_t> items, tile::ScheduleAttr schedule);
  /// A kernel that was not finished is thrown away.
  ~KernelBuilder();
  KernelBuilder(const KernelBuilder &) = delete;
  KernelBuilder &operator=(const KernelBuilder &) = delete;

  /// The argument for a buffer of the host.
  mlir::Value argument(mlir::Value hostBuffer);
  /// The argument for the buffer that holds `tensor`, which must have one.
  mlir::Value buffer(mlir::Value tensor) {
    return argument(host.bufferOf(tensor));
  }
  /// False when nobody reads `tensor`: it need not be stored.
  bool isWanted(mlir::Value tensor) const {
    return static_cast<bool>(host.bufferOf(tensor));
  }
  /// Shared memory (1 x words / 32 x 32, f32) for an op's own use.
  mlir::Value allocateScratch(int64_t words, tile::Scope scope);
  /// The work item at hand.
  llvm::ArrayRef<mlir::Value> item() const { return ids; }
  RowTile rowTile(const RowGrid &grid);
  /// Tile `number` of a head, of grid.numTiles().
  RowTile rowTile(const RowGrid &grid, mlir::Value batch, mlir::Value head,
                  mlir::Value number);

  /// Ends the kernel, gives it the costs ("llsa.flops", "llsa.bytes") that
  /// `costs` carries, times `share`, and launches it.
  void finish(mlir::Operation *costs, double share = 1.0);
  void finish(double flops, double bytes);

private:
  KernelBuilder(HostBuilder &host, mlir::Location loc, mlir::Operation *kernel);
  /// `part`: of a granule.
  RowTile rowTileIn(const RowGrid &grid, mlir::Value batch, mlir::Value head,
                    mlir::Value granule, mlir::Value part);

  HostBuilder &host;
  mlir::Operation *kernel; ///< null when finished
  llvm::SmallVector<mlir::Value> ids;
  llvm::SmallVector<mlir::Value> hostBuffers;
};

} // namespace llsa

#endif // LLSA_COMPILER_CONVERSION_LLSATOTILE_KERNELBUILDER_H
