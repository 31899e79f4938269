// Runs a recorded elementwise program (see program.py) on blocks small enough to stay in
// the fastest cache. One library serves every cell: the cell arrives as data.
#pragma once

#include <ATen/cpu/vec/vec.h>

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

// tanh and sigmoid, both from one exp(x) - 1; within three units of the last digit.

template <typename T>
using Vec = at::vec::Vectorized<T>;

// 2^n for whole n, in the exponent's bits; 0 where n is too small for them.
template <typename T>
inline Vec<T> power_of_two(Vec<T> n) {
  constexpr bool single = sizeof(T) == 4;
  using Integers = at::vec::Vectorized<std::conditional_t<single, int32_t, int64_t>>;
  const Integers exponent = at::vec::convert_to_int_of_same_size(n) + Integers(single ? 127 : 1023);
  return at::vec::cast<T>(exponent << Integers(single ? 23 : 52));
}

// exp(x) - 1 = 2^n (exp(r) - 1) + (2^n - 1), where x = n log 2 + r: exact to the last digits near
// 0 too. exp(r) - 1 is its Taylor series, |r| < 0.35. Half of it is computed, because 2^n itself
// overflows before exp(x) does.
template <typename T>
inline Vec<T> expm1(Vec<T> x) {
  using V = Vec<T>;
  constexpr bool single = sizeof(T) == 4;
  constexpr int terms = single ? 7 : 13;
  constexpr double log2_high = single ? 0.693359375 : 0x1.62e42feep-1;
  constexpr double log2_low = single ? -2.12194440054690583e-4 : 0x1.a39ef35793c76p-33;
  x = at::vec::clamp(x, V(T(single ? -87 : -708)), V(T(single ? 89 : 710)));
  const V n = (x * V(T(1.4426950408889634))).round();
  const V r = at::vec::fmadd(n, V(T(-log2_low)), at::vec::fmadd(n, V(T(-log2_high)), x));
  double factorial = 1;
  for (int k = 2; k <= terms; ++k) factorial *= k;
  V series(T(1 / factorial));
  for (int k = terms; k > 1; --k) {
    factorial /= k;
    series = at::vec::fmadd(series, r, V(T(1 / factorial)));
  }
  const V half_power = power_of_two<T>(n - V(1));
  const V half = at::vec::fmadd(series * r, half_power, half_power - V(T(0.5)));
  return half + half;
}

// With e = exp(-2|x|) - 1, it is -e / (e + 2), with the sign of x.
template <typename T>
inline Vec<T> tanh(Vec<T> x) {
  const Vec<T> e = expm1<T>(x.abs() * Vec<T>(-2));
  const Vec<T> size = (e / (e + Vec<T>(2))).abs();
  return size | (x & Vec<T>(T(-0.0)));
}

template <typename T>
inline Vec<T> sigmoid(Vec<T> x) {
  return Vec<T>(1) / (expm1<T>(x.neg()) + Vec<T>(2));
}

struct Instruction {
  int32_t operation, a, b, result;
};

// Registers are numbered: first the inputs, then the constants, then what is computed.
struct Program {
  const Instruction* instructions;
  const double* constants;
  const int32_t* results;
  const uint8_t* summed;  // for each leaf, whether it is given the sum of its two parts
  int64_t n_instructions, n_constants, n_inputs, n_results, n_registers;
};

constexpr int64_t BLOCK = 256;

template <typename T, typename F>
inline void map(T* out, const T* a, const T* b, int64_t n, F f) {
  using V = Vec<T>;
  int64_t i = 0;
  for (; i + V::size() <= n; i += V::size()) f(V::loadu(a + i), V::loadu(b + i)).store(out + i);
  if (i < n) f(V::loadu(a + i, n - i), V::loadu(b + i, n - i)).store(out + i, n - i);
}

template <typename T>
void apply(int32_t operation, T* out, const T* a, const T* b, int64_t n) {
  using V = Vec<T>;
  switch (operation) {
    case '+': return map(out, a, b, n, [](V x, V y) { return x + y; });
    case '-': return map(out, a, b, n, [](V x, V y) { return x - y; });
    case '*': return map(out, a, b, n, [](V x, V y) { return x * y; });
    case 'M': return map(out, a, b, n, [](V x, V y) { return at::vec::maximum(x, y); });
    case 'R': return map(out, a, b, n, [](V x, V) { return at::vec::maximum(x, V(0)); });
    case 'H': return map(out, a, b, n, [](V x, V y) { return x.gt(V(0)) + x.eq(V(0)) * y; });
    case 't': return map(out, a, b, n, [](V x, V) { return tanh<T>(x); });
    case 's': return map(out, a, b, n, [](V x, V) { return sigmoid<T>(x); });
    case 'i': return map(out, a, b, n, [](V x, V) { return x.sin(); });
    case 'o': return map(out, a, b, n, [](V x, V) { return x.cos(); });
  }
}

// A program, and the memory that it needs. Inputs and results are used in place.
template <typename T>
class Runner {
 public:
  std::vector<const T*> inputs;  // for the caller's use, so that no step asks for memory
  std::vector<T*> results;

  void load(const Program& program) {
    p = &program;
    memory.resize(p->n_registers);
    at.resize(p->n_registers);
    in_place.assign(p->n_results, false);
    for (int64_t i = 0; i < p->n_registers; ++i) at[i] = memory[i].values;
    for (int64_t i = 0; i < p->n_constants; ++i)
      std::fill_n(at[p->n_inputs + i], BLOCK, static_cast<T>(p->constants[i]));
    for (int64_t i = 0; i < p->n_results; ++i) {
      const bool computed = p->results[i] >= p->n_inputs + p->n_constants;
      const int32_t* seen = std::find(p->results, p->results + i, p->results[i]);
      in_place[i] = computed && seen == p->results + i;
    }
  }

  // Where each input and each result starts; no result overlaps with anything else.
  void run(const T* const* inputs, T* const* results, int64_t size) {
    for (int64_t i = 0; i < size; i += BLOCK) {
      const int64_t n = std::min(BLOCK, size - i);
      for (int64_t k = 0; k < p->n_inputs; ++k) at[k] = const_cast<T*>(inputs[k]) + i;
      for (int64_t k = 0; k < p->n_results; ++k)
        if (in_place[k]) at[p->results[k]] = results[k] + i;
      for (int64_t k = 0; k < p->n_instructions; ++k) {
        const Instruction& code = p->instructions[k];
        apply(code.operation, at[code.result], at[code.a], at[code.b], n);
      }
      for (int64_t k = 0; k < p->n_results; ++k)
        if (!in_place[k]) std::copy_n(at[p->results[k]], n, results[k] + i);
    }
  }

 private:
  struct alignas(64) Register {
    T values[BLOCK];
  };
  const Program* p = nullptr;
  std::vector<Register> memory;
  std::vector<T*> at;
  std::vector<bool> in_place;
};
