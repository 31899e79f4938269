// tanh and sigmoid, both from one exp(x) - 1; within three units of the last digit.
#pragma once

#include <ATen/cpu/vec/vec.h>

#include <type_traits>

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
