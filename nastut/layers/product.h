// Products of small matrices. The right factor is packed once and used for many left ones.
// The order in which the terms of one element are added depends on the depth of the product only:
// so rows may be shared among threads, or computed apart, to the same bits.
#pragma once

#include <ATen/cpu/vec/vec.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "program.h"

// A tile of the result stays in registers: ROWS x 2 vectors, and no more than the processor has.
#if defined(CPU_CAPABILITY_AVX512) || defined(__aarch64__)
constexpr int ROWS = 12;
#else
constexpr int ROWS = 6;
#endif
constexpr int64_t DEPTH_BLOCK = 512, ROW_BLOCK = 16 * ROWS;  // what the caches hold
constexpr int64_t COPY_FROM = 8;  // panels that make a copy of strided rows worth its time

// Element (i, j) is start[i * row + j * column].
template <typename T>
struct Matrix {
  const T* start;
  int64_t row, column;
};

// Several matrices side by side, all of `depth` columns, each starting `apart` after the last one.
template <typename T>
struct Left {
  Matrix<T> first;
  int64_t depth, count = 1, apart = 0;

  Left from_row(int64_t i) const {
    return {{first.start + i * first.row, first.row, first.column}, depth, count, apart};
  }
};

// The right factor in panels of two vectors' width: a tile reads it from front to back.
template <typename T>
class Right {
 public:
  static constexpr int64_t PANEL = 2 * Vec<T>::size();
  int64_t depth = 0, width = 0;

  void resize(int64_t new_depth, int64_t new_width) {
    depth = new_depth, width = new_width;
    numbers.resize(depth * panels() * PANEL);
  }
  int64_t panels() const { return (width + PANEL - 1) / PANEL; }
  int vectors(int64_t panel) const { return width - panel * PANEL > Vec<T>::size() ? 2 : 1; }
  const T* panel(int64_t i, int64_t k) const {
    return numbers.data() + i * PANEL * depth + k * vectors(i) * Vec<T>::size();
  }

  // Panels may be packed by different threads. What lies beyond the width stays 0.
  void pack(Matrix<T> from, int64_t first_panel, int64_t last_panel) {
    for (int64_t i = first_panel; i < last_panel; ++i) {
      const int64_t left = i * PANEL, n = std::min(PANEL, width - left);
      const int64_t step = vectors(i) * Vec<T>::size();
      T* to = numbers.data() + left * depth;
      for (int64_t k0 = 0; k0 < depth; k0 += 16)
        for (int64_t j = 0; from.column != 1 && j < n; ++j)
          for (int64_t k = k0; k < std::min(depth, k0 + 16); ++k)
            to[k * step + j] = from.start[k * from.row + (left + j) * from.column];
      for (int64_t k = 0; k < depth; ++k, to += step) {
        if (from.column == 1) std::copy_n(from.start + k * from.row + left, n, to);
        std::fill(to + n, to + step, T(0));
      }
    }
  }
  void pack(Matrix<T> from) { pack(from, 0, panels()); }

 private:
  std::vector<T> numbers;
};

// R rows and C vectors of out = a b, or of out += a b.
template <typename T, int R, int C>
void tile(const Left<T>& a, const T* b, T* out, int64_t stride, int64_t width, bool add) {
  using V = Vec<T>;
  V sum[R][C];
  for (auto& row : sum)
    for (V& v : row) v = V(0);
  for (int64_t i = 0; i < a.count; ++i) {
    const T* left = a.first.start + i * a.apart;
    for (int64_t k = 0; k < a.depth; ++k, left += a.first.column, b += C * V::size()) {
      V right[C];
      for (int c = 0; c < C; ++c) right[c] = V::loadu(b + c * V::size());
      for (int r = 0; r < R; ++r) {
        const V factor(left[r * a.first.row]);
        for (int c = 0; c < C; ++c) sum[r][c] = at::vec::fmadd(factor, right[c], sum[r][c]);
      }
    }
  }
  for (int r = 0; r < R; ++r, out += stride)
    for (int c = 0; c < C; ++c) {
      T* to = out + c * V::size();
      const int64_t n = width - c * V::size();
      if (n >= V::size())
        (add ? V::loadu(to) + sum[r][c] : sum[r][c]).store(to);
      else
        (add ? V::loadu(to, n) + sum[r][c] : sum[r][c]).store(to, n);
    }
}

template <typename T>
using Tile = void (*)(const Left<T>&, const T*, T*, int64_t, int64_t, bool);

template <typename T, size_t... i>
constexpr std::array<Tile<T>, sizeof...(i)> all_tiles(std::index_sequence<i...>) {
  return {tile<T, i / 2 + 1, i % 2 + 1>...};
}

template <typename T>
class Product {
 public:
  // out = a b, or out += a b; the rows of `out` are `stride` apart.
  Product(const Left<T>& a, int64_t rows, const Right<T>& b, T* out, int64_t stride, bool add)
      : b(b), out(out), stride(stride), rows(rows) {
    const int64_t together = std::max<int64_t>(1, DEPTH_BLOCK / a.depth);
    for (int64_t i = 0; i < a.count; i += together)
      for (int64_t k = 0; k < a.depth; k += DEPTH_BLOCK, add = true) {
        const T* start = a.first.start + i * a.apart + k * a.first.column;
        const Left<T> block{{start, a.first.row, a.first.column},
                           std::min(DEPTH_BLOCK, a.depth - k),
                           std::min(together, a.count - i),
                           a.apart};
        if (a.first.row == 1 && b.panels() >= COPY_FROM)
          columns_apart(block, k, add);
        else
          columns_together(block, i * a.depth + k, add);
      }
  }

 private:
  // A panel of `b` stays in the nearest cache while rows of `a` pass by.
  void columns_together(const Left<T>& a, int64_t k, bool add) {
    for (int64_t top = 0; top < rows; top += ROW_BLOCK) {
      const int64_t count = std::min(ROW_BLOCK, rows - top);
      for (int64_t p = 0; p < b.panels(); ++p)
        for (int64_t i = 0; i < pieces(count); ++i) {
          const int64_t r = top + piece(count, i), n = top + piece(count, i + 1) - r;
          tile_at(a.from_row(r), n, r, p, k, add);
        }
    }
  }

  // Some rows of `a`, copied side by side, stay there while panels of `b` pass by.
  void columns_apart(const Left<T>& a, int64_t k, bool add) {
    T copied[ROWS * DEPTH_BLOCK];
    for (int64_t i = 0; i < pieces(rows); ++i) {
      const int64_t r = piece(rows, i), n = piece(rows, i + 1) - r;
      for (int64_t j = 0; j < a.depth; ++j)
        std::copy_n(a.first.start + r + j * a.first.column, n, copied + j * n);
      for (int64_t p = 0; p < b.panels(); ++p)
        tile_at({{copied, 1, n}, a.depth}, n, r, p, k, add);
    }
  }

  void tile_at(const Left<T>& a, int64_t n, int64_t row, int64_t p, int64_t k, bool add) {
    static constexpr auto TILES = all_tiles<T>(std::make_index_sequence<2 * ROWS>());
    TILES[2 * (n - 1) + b.vectors(p) - 1](a, b.panel(p, k), out + row * stride + p * b.PANEL,
                                          stride, b.width - p * b.PANEL, add);
  }

  // Rows in pieces of at most ROWS, as equal as they can be.
  static int64_t pieces(int64_t count) { return (count + ROWS - 1) / ROWS; }
  static int64_t piece(int64_t count, int64_t i) { return count * i / pieces(count); }

  const Right<T>& b;
  T* out;
  int64_t stride, rows;
};

template <typename T>
void multiply(const Left<T>& a, int64_t rows, const Right<T>& b, T* out, int64_t stride, bool add) {
  Product<T>(a, rows, b, out, stride, add);
}
