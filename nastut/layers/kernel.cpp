// What Python calls: whole layers over all time steps, for both types. Structures are as in
// kernel.py.
#include "time_loop.h"

template <typename T>
void forward(const Program* const* programs, const Sizes* sizes, int64_t threads, const T* x,
             const Weights<T>* weights, const Values<T>* values) {
  run_members<Forward<T>>(sizes->members, sizes->batch, threads, programs, *sizes, x, *weights,
                          *values);
}

template <typename T>
void backward(const Program* const* programs, const Sizes* sizes, int64_t threads, const T* x,
              const Weights<T>* weights, const Values<T>* values, const Weights<T>* grad_weights,
              const Gradients<T>* grads) {
  run_members<Backward<T>>(sizes->members, sizes->batch, threads, programs, *sizes, x, *weights,
                           *values, *grad_weights, *grads);
}

#define FOR_TYPE(T)                                                                             \
  extern "C" void forward_##T(const Program* const* p, const Sizes* s, int64_t n, const T* x,   \
                              const Weights<T>* w, const Values<T>* v) {                        \
    forward<T>(p, s, n, x, w, v);                                                               \
  }                                                                                             \
  extern "C" void backward_##T(const Program* const* p, const Sizes* s, int64_t n, const T* x,  \
                               const Weights<T>* w, const Values<T>* v,                         \
                               const Weights<T>* grad_w, const Gradients<T>* grad) {            \
    backward<T>(p, s, n, x, w, v, grad_w, grad);                                                \
  }
FOR_TYPE(float)
FOR_TYPE(double)
