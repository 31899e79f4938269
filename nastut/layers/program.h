// Runs a recorded elementwise program (see program.py) on blocks small enough to stay in
// the fastest cache. One library serves every cell: the cell arrives as data.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "activations.h"

struct Instruction {
  int32_t operation, a, b, result;
};

// Registers are numbered: first what is given, then the constants, then what is computed.
struct Program {
  const Instruction* instructions;
  const double* constants;
  const int32_t* results;
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
    case 'H': return map(out, a, b, n, [](V x, V y) { return x.gt(V(0)) + x.eq(V(0)) * y; });
    case 't': return map(out, a, b, n, [](V x, V) { return tanh<T>(x); });
    case 's': return map(out, a, b, n, [](V x, V) { return sigmoid<T>(x); });
    case 'i': return map(out, a, b, n, [](V x, V) { return x.sin(); });
    case 'o': return map(out, a, b, n, [](V x, V) { return x.cos(); });
  }
}

// A program, and the memory that it needs. What it is given, and what it gives, is used in place.
template <typename T>
class Runner {
 public:
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
