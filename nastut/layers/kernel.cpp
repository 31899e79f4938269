// Runs a recorded elementwise program (see program.py) on blocks small enough to stay in
// the fastest cache. One library serves every cell: the cell arrives as data.
#include <ATen/cpu/vec/vec.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <numeric>
#include <vector>

struct Instruction {
  int32_t operation, a, b, result;
};

// Registers are numbered: first what is loaded, then the constants, then what is computed.
struct Program {
  const Instruction* instructions;
  const double* constants;
  const int64_t* loaded;   // how many registers each input array fills
  const int64_t* stored;   // how many registers each output array takes
  const int32_t* results;  // those registers
  int64_t n_instructions, n_constants, n_loaded, n_stored, n_registers;
};

constexpr int64_t BLOCK = 256;

template <typename T>
struct alignas(64) Register {
  T values[BLOCK];
};

// Lanes beyond `n` are computed and thrown away: a block is a whole number of vectors.
template <typename T, typename F>
inline void map(T* out, const T* a, const T* b, int64_t n, F f) {
  using V = at::vec::Vectorized<T>;
  static_assert(BLOCK % V::size() == 0);
  for (int64_t i = 0; i < n; i += V::size())
    f(V::loadu(a + i), V::loadu(b + i)).store(out + i);
}

template <typename T>
inline void copy(T* to, const T* from, int64_t n) {
  using V = at::vec::Vectorized<T>;
  int64_t i = 0;
  for (; i + V::size() <= n; i += V::size()) V::loadu(from + i).store(to + i);
  if (i < n) std::memcpy(to + i, from + i, (n - i) * sizeof(T));
}

// Within two units of the last digit, in half of the time of the library's tanh. With
// e = exp(-2|x|) it is (1 - e) / (1 + e), but 1 - e loses digits near 0. There Lambert's
// continued fraction x / (1 + x^2 / (3 + x^2 / (5 + ...))), cut after seven levels, keeps them.
template <typename V>
inline V tanh(V x) {
  const V a = x.abs(), s = x * x, e = (a * V(-2)).exp();
  const V top = a * (((s * V(36) + V(6930)) * s + V(270270)) * s + V(2027025));
  const V bottom = (((s + V(630)) * s + V(51975)) * s + V(945945)) * s + V(2027025);
  const V large = a > V(0.6);
  const V size = V::blendv(top, V(1) - e, large) / V::blendv(bottom, V(1) + e, large);
  return V::blendv(size, size.neg(), x < V(0));
}

template <typename T>
void apply(int32_t operation, T* out, const T* a, const T* b, int64_t n) {
  using V = at::vec::Vectorized<T>;
  switch (operation) {
    case '+': return map(out, a, b, n, [](V x, V y) { return x + y; });
    case '-': return map(out, a, b, n, [](V x, V y) { return x - y; });
    case '*': return map(out, a, b, n, [](V x, V y) { return x * y; });
    case 'M': return map(out, a, b, n, [](V x, V y) { return at::vec::maximum(x, y); });
    case 'H': return map(out, a, b, n, [](V x, V y) { return x.gt(V(0)) + x.eq(V(0)) * y; });
    case 't': return map(out, a, b, n, [](V x, V) { return tanh(x); });
    case 's': return map(out, a, b, n, [](V x, V) { return V(1) / (V(1) + x.neg().exp()); });
    case 'i': return map(out, a, b, n, [](V x, V) { return x.sin(); });
    case 'o': return map(out, a, b, n, [](V x, V) { return x.cos(); });
  }
}

// `arrays` are the inputs, then the outputs; one of p parts is contiguous (rows, p, width).
template <typename T>
void run(const Program& p, T* const* arrays, Register<T>* registers, int64_t rows, int64_t width) {
  Register<T>* constant =
      registers + std::accumulate(p.loaded, p.loaded + p.n_loaded, int64_t{0});
  for (int64_t k = 0; k < p.n_constants; ++k, ++constant)
    std::fill_n(constant->values, BLOCK, static_cast<T>(p.constants[k]));

  // A block holds a piece of one row, or several whole rows where they are short.
  const int64_t block_width = std::min(BLOCK, width), block_rows = BLOCK / block_width;
  for (int64_t row = 0; row < rows; row += block_rows) {
    const int64_t m = std::min(block_rows, rows - row);
    for (int64_t column = 0; column < width; column += block_width) {
      const int64_t n = std::min(block_width, width - column);
      T* const* array = arrays;
      Register<T>* next = registers;
      for (int64_t k = 0; k < p.n_loaded; ++k, ++array) {
        const int64_t row_size = p.loaded[k] * width;
        const T* part = *array + row * row_size + column;
        for (int64_t i = 0; i < p.loaded[k]; ++i, part += width, ++next)
          for (int64_t j = 0; j < m; ++j) copy(next->values + j * n, part + j * row_size, n);
      }
      for (int64_t k = 0; k < p.n_instructions; ++k) {
        const Instruction& i = p.instructions[k];
        apply(i.operation, registers[i.result].values, registers[i.a].values,
              registers[i.b].values, m * n);
      }
      const int32_t* result = p.results;
      for (int64_t k = 0; k < p.n_stored; ++k, ++array) {
        const int64_t row_size = p.stored[k] * width;
        T* part = *array + row * row_size + column;
        for (int64_t i = 0; i < p.stored[k]; ++i, part += width, ++result)
          for (int64_t j = 0; j < m; ++j)
            copy(part + j * row_size, registers[*result].values + j * n, n);
      }
    }
  }
}

// Where an array starts, and the bytes from one step, and from one member, to the next.
struct Array {
  char* start;
  int64_t step, member;
};

// Runs the program of each member on its part of step t.
template <typename T>
void run_members(const Program* const* programs, int64_t members, const Array* arrays, int64_t t,
                 int64_t rows, int64_t width) {
  int64_t n_registers = 0;
  for (int64_t m = 0; m < members; ++m)
    n_registers = std::max(n_registers, programs[m]->n_registers);
  const auto registers = std::make_unique_for_overwrite<Register<T>[]>(n_registers);
  std::vector<T*> parts;
  for (int64_t m = 0; m < members; ++m) {
    const Program& p = *programs[m];
    parts.clear();
    for (const Array* a = arrays; a < arrays + p.n_loaded + p.n_stored; ++a)
      parts.push_back(reinterpret_cast<T*>(a->start + t * a->step + m * a->member));
    run(p, parts.data(), registers.get(), rows, width);
  }
}

extern "C" {
void run_float32(const Program* const* programs, int64_t members, const Array* arrays, int64_t t,
                 int64_t rows, int64_t width) {
  run_members<float>(programs, members, arrays, t, rows, width);
}
void run_float64(const Program* const* programs, int64_t members, const Array* arrays, int64_t t,
                 int64_t rows, int64_t width) {
  run_members<double>(programs, members, arrays, t, rows, width);
}
}
