//===- Text.cpp - a font of 3 x 5 pixels ----------------------------------===//
#include "tools/io/Picture.h"
#include "llvm/ADT/StringExtras.h"

using namespace llsa::tools;

/// Five rows from the top, three bits each, the left pixel first: one octal
/// digit per row. 0 stands for what the font lacks, and for a space.
static uint16_t glyphOf(char c) {
  static constexpr uint16_t letters[26] = {
      025755, 065656, 034443, 065556, 074647, 074644, 034553, 055755, // A-H
      072227, 011152, 055655, 044447, 057755, 065555, 025552, 065644, // I-P
      025573, 065655, 034216, 072222, 055557, 055522, 055775, 055255, // Q-X
      055222, 071247};                                                // Y-Z
  static constexpr uint16_t digits[10] = {075557, 026227, 061247, 061216,
                                          055711, 074616, 034656, 071122,
                                          075757, 075316};
  c = llvm::toUpper(c);
  if (c >= 'A' && c <= 'Z')
    return letters[c - 'A'];
  if (c >= '0' && c <= '9')
    return digits[c - '0'];
  switch (c) {
  case ':':
    return 002020;
  case ',':
    return 000024;
  case '.':
    return 000002;
  case '-':
    return 000700;
  case '=':
    return 007070;
  case '(':
    return 024442;
  case ')':
    return 021112;
  case '/':
    return 011244;
  default:
    return 0;
  }
}

void llsa::tools::drawText(Image &image, int64_t x, int64_t y, int64_t scale,
                           Color color, llvm::StringRef text) {
  for (char c : text) {
    uint16_t glyph = glyphOf(c);
    for (int64_t dy = 0; dy < 5 * scale; ++dy)
      for (int64_t dx = 0; dx < 3 * scale; ++dx) {
        int64_t px = x + dx, py = y + dy;
        bool set = glyph >> (14 - (dy / scale * 3 + dx / scale)) & 1;
        if (set && px >= 0 && py >= 0 && px < image.width && py < image.height)
          image.at(px, py) = color;
      }
    x += 4 * scale;
  }
}
